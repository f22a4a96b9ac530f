import { retriedItems, retryPictures, type RetriedPictures } from '../../crawl/candidates/fetch-queue.repository.ts';
import { ALL, type Among } from '../../platform/postgres/query.ts';
import { failedItems, forgetFailed } from '../../filter/run/decision.repository.ts';
import { refetchPruned } from '../../filter/prune/pruned-photos.repository.ts';
import { collectionScopes } from '../../filter/prune/retention.repository.ts';
import { candidateWnids, type DecisionScope } from '../../models/workspace/scope.ts';
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

interface Retry extends Omit<RetriedPictures, 'sources' | 'scope'> {
  readonly sources?: Among;
  /** Only what this collection's crawls found and its filter decided; otherwise that of every collection. */
  readonly scope?: DecisionScope | undefined;
}

export async function retryFailures({ db }: Pick<App, 'db'>, { reasons, sources = ALL, host, scope }: Retry) {
  const found = scope && { collectionId: scope.collectionId, wnids: candidateWnids(scope) };
  const pictures = { sources, reasons, host, scope: found };
  if (reasons.includes(UNREADABLE)) await forgiveDeaths(db, 'inspect', scope && retriedItems(pictures));
  const hasPhotos = (reason: string): boolean => host === undefined && reasons.includes(reason);
  return {
    /** Pictures that the next crawl fetches. */
    pictures: await retryPictures(db, pictures),
    decisions:
      (hasPhotos(UNDECODABLE) ? await forgetFailed(db, UNDECODABLE, scope?.collectionId) : 0) +
      (hasPhotos(POISON) ? await forgetPoison(db, scope?.collectionId) : 0),
    /** Photos whose bytes were pruned. The next crawl fetches them. */
    refetched: hasPhotos(PRUNED) ? await refetchAll(db, { sources, scope }) : 0,
  };
}

/** Photos that killed processes run alone again, until they pass. */
async function forgetPoison(db: App['db'], collectionId: number | undefined): Promise<number> {
  return db.transaction().execute(async (trx) => {
    await forgiveDeaths(trx, 'filter', collectionId === undefined ? undefined : failedItems(POISON, collectionId));
    return forgetFailed(trx, POISON, collectionId);
  });
}

/** Without a scope it covers every collection that still has undecided photos. The next crawl of any of them fetches the bytes. */
async function refetchAll(
  db: App['db'],
  { sources, scope }: { readonly sources: Among; readonly scope: DecisionScope | undefined },
): Promise<number> {
  const scopes =
    scope === undefined ? (await db.transaction().execute(collectionScopes)).map((named) => named.scope) : [scope];
  let refetched = 0;
  for (const one of scopes) refetched += await refetchPruned(db, one, sources);
  return refetched;
}
