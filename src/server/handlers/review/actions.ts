import { readPhotos, readProgress, viewOf } from '../../../app/review/desk.ts';
import type { ActionsAnswer } from '../../../review/desk.ts';
import { subjectsOf } from '../../../review/event.ts';
import { recordAction, type Recorded } from '../../../review/record-action.process.ts';
import type { Site } from '../../dashboard.ts';
import { namedDesk } from '../../desk-of.ts';
import { actionsOf } from '../../review-requests.ts';
import type { Exchange } from '../../route.ts';

/** A tab that has changed more photos reads those that it shows again. */
const MOST_PHOTOS = 200;

/** Stores what a reviewer did in one tab, in order. */
export async function recordActions(exchange: Exchange, site: Site): Promise<ActionsAnswer> {
  const { reviewer, client, actions } = await actionsOf(exchange.request.body);
  const desk = await namedDesk(exchange, site, reviewer);
  const { leaseMs } = desk.workspace.app.config.review;
  const recorded: Recorded[] = [];
  for (const action of actions)
    recorded.push(await recordAction(site.app.db, viewOf(desk), { client, action, leaseMs }));
  const changed = subjectsOf(recorded.flatMap(({ subjects }) => subjects));
  return {
    results: recorded.map(({ sequence, stored, skipped }) => ({ sequence, stored, skipped })),
    photos: await readPhotos(desk, changed.slice(0, MOST_PHOTOS)),
    classes: await readProgress(desk, [...new Set(changed.map(({ wnid }) => wnid))]),
  };
}
