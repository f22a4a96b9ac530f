import { retryPictures, type RetriedPictures } from '../../crawl/candidates/fetch-queue.repository.ts';
import { SOURCE_NAMES } from '../../config/sources/sources.ts';
import { forgetFailed } from '../../filter/run/decision.repository.ts';
import { refetchPruned } from '../../filter/prune/pruned-photos.repository.ts';
import { collectionScopes } from '../../filter/prune/retention.repository.ts';
import { FAILED_REASONS, type FailedReason } from '../../kernel/reasons.ts';
import { forgiveDeaths } from '../../runtime/work/in-flight.repository.ts';
import type { App } from '../../runtime/open/app.process.ts';

/** Reason of a decision: the bytes are there but cannot be decoded. */
export const UNDECODABLE = 'undecodable';

/** Reason of a picture: it cannot be decoded, or inspecting it alone killed the process twice. */
const UNREADABLE = 'unreadable' satisfies FailedReason;

/** Reason of a decision: evaluating the photo alone killed the process twice, or gave no finite numbers. */
const POISON = 'poison';

/** Reason of a photo: its bytes were deleted (winnow prune), and a collection needs them to decide it. */
export const PRUNED = 'pruned';

export const RETRIABLE_REASONS: readonly string[] = [...FAILED_REASONS, UNDECODABLE, POISON, PRUNED];

export type Retried = Awaited<ReturnType<typeof retryFailures>>;

export async function retryFailures(
  { db }: Pick<App, 'db'>,
  { reasons, sources = SOURCE_NAMES, host }: Omit<RetriedPictures, 'sources'> & Partial<RetriedPictures>,
) {
  if (reasons.includes(UNREADABLE)) await forgiveDeaths(db, 'inspect');
  const hasPhotos = (reason: string): boolean => host === undefined && reasons.includes(reason);
  return {
    /** Pictures that the next crawl fetches. */
    pictures: await retryPictures(db, { sources, reasons, host }),
    decisions:
      (hasPhotos(UNDECODABLE) ? await forgetFailed(db, UNDECODABLE) : 0) +
      (hasPhotos(POISON) ? await forgetPoison(db) : 0),
    /** Photos whose bytes were pruned. The next crawl fetches them. */
    refetched: hasPhotos(PRUNED) ? await refetchAll(db, sources) : 0,
  };
}

/** Photos that killed processes run alone again, until they pass. */
async function forgetPoison(db: App['db']): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await forgiveDeaths(trx, 'filter');
    return forgetFailed(trx, POISON);
  });
}

/** Covers every collection that still has undecided photos. The next crawl of any of them fetches the bytes. */
async function refetchAll(db: App['db'], sources: readonly string[]): Promise<number> {
  const scopes = await db.transaction().execute(collectionScopes);
  let refetched = 0;
  for (const { scope } of scopes) refetched += await refetchPruned(db, scope, { sources });
  return refetched;
}
