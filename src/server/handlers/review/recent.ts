import { recentActions } from '../../../review/action.repository.ts';
import type { RecentActions } from '../../../review/desk.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import type { Exchange } from '../../route.ts';

const MOST_ACTIONS = 200;

/** Sends the last actions of the reviewer, for undo and redo. */
export async function sendRecent(exchange: Exchange, site: Site): Promise<RecentActions> {
  const { reviewer, workspace } = await deskOf(exchange, site);
  if (reviewer === null) return { actions: [] };
  const { collectionId } = workspace.scope;
  return { actions: await recentActions(site.app.db, { collectionId, reviewer }, MOST_ACTIONS) };
}
