import { retryPictures } from '../../candidate/fetch-queue.repository.ts';
import { SOURCE_NAMES } from '../../collection/collection.ts';
import { forgetFailed } from '../../decision/decision.repository.ts';
import { refetchPruned } from '../../decision/pruned-photos.repository.ts';
import { collectionScopes } from '../../decision/retention.repository.ts';
import { FAILED_REASONS, type FailedReason } from '../../kernel/reasons.ts';
import { forgiveDeaths } from '../../photo/in-flight.repository.ts';
import type { App } from '../open/app.ts';

/** Of a decision, not of a picture: there are bytes, but no photo comes of them. */
export const UNDECODABLE = 'undecodable';

/** Of a picture: it cannot be decoded, or inspecting it ended a process that had nothing else to do, twice. */
const UNREADABLE = 'unreadable' satisfies FailedReason;

/** Of a decision: evaluating the photo ended a process that had nothing else to do, twice, or gave no finite numbers. */
const POISON = 'poison';

/** Of a photo: its bytes were deleted (winnow prune), and a collection cannot decide it without them. */
export const PRUNED = 'pruned';

/** What can be given another try. */
export const RETRIABLE_REASONS: readonly string[] = [...FAILED_REASONS, UNDECODABLE, POISON, PRUNED];

export interface Retried {
  /** The next crawl fetches them. */
  readonly pictures: number;
  /** The next filter decides them. */
  readonly decisions: number;
  /** Photos whose bytes were pruned; the next crawl fetches them. */
  readonly refetched: number;
}

/** Gives what failed for some reasons another try, everywhere in the catalogue. */
export async function retryFailures(
  { db }: Pick<App, 'db'>,
  { reasons, sources = SOURCE_NAMES }: { readonly reasons: readonly string[]; readonly sources?: readonly string[] },
): Promise<Retried> {
  if (reasons.includes(UNREADABLE)) await forgiveDeaths(db, 'inspect');
  return {
    pictures: await retryPictures(db, { sources, reasons }),
    decisions:
      (reasons.includes(UNDECODABLE) ? await forgetFailed(db, UNDECODABLE) : 0) +
      (reasons.includes(POISON) ? await forgetPoison(db) : 0),
    refetched: reasons.includes(PRUNED) ? await refetchAll(db, sources) : 0,
  };
}

/** Those that ended processes run alone again, until they pass. */
async function forgetPoison(db: App['db']): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await forgiveDeaths(trx, 'filter');
    return forgetFailed(trx, POISON);
  });
}

/** For every collection that has yet to decide some: any crawl of theirs fetches them. */
async function refetchAll(db: App['db'], sources: readonly string[]): Promise<number> {
  const scopes = await db.transaction().execute(collectionScopes);
  let refetched = 0;
  for (const { scope } of scopes) refetched += await refetchPruned(db, scope, { sources });
  return refetched;
}
