import { viewOf, type Desk } from '../../review/desk/read-desk.process.ts';
import { hasReviewed } from '../../review/events/action.repository.ts';
import { listsMoreThan } from '../../review/events/review.repository.ts';
import type { Site } from '../dashboard.ts';
import { deskOf } from '../desk-of.ts';
import type { Exchange } from '../route.ts';

/** With more photos, all who have reviewed nothing get an answer that may be this old. */
const MANY_PHOTOS = 10_000;
const KEEP_MS = 10_000;

/**
 * Answers with what takes long to read in a large collection. Pages that ask for the same before its reading begins get the same
 * bytes. All people who have reviewed nothing see the same, so in a large collection they share one reading for some seconds.
 *
 * @param what the name of the reading, and all that it depends on beside the collection and the person
 */
export async function sendShared(
  exchange: Exchange,
  site: Site,
  { what, read }: { readonly what: readonly unknown[]; readonly read: (desk: Desk) => Promise<object | string> },
): Promise<unknown> {
  const { workspace, reviewer } = await deskOf(exchange, site);
  const { collectionId } = workspace.scope;
  const isKnown = reviewer !== null && (await hasReviewed(site.app.db, { collectionId, reviewer }));
  const desk = { workspace, reviewer: isKnown ? reviewer : null };
  const readBytes = async (): Promise<Buffer> => {
    const answer = await read(desk);
    return Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer));
  };
  const mayKeep = !isKnown && (await listsMoreThan(site.app.db, collectionId, MANY_PHOTOS));
  const bytes = await site.readShared(JSON.stringify([what, viewOf(desk)]), readBytes, mayKeep ? KEEP_MS : 0);
  return exchange.reply.type('application/json; charset=utf-8').send(bytes);
}
