import type { Kysely } from 'kysely';
import { GiveUpOnItem, messageOf, RetryLater } from '../kernel/errors.ts';
import type { Wnid } from '../kernel/ids.ts';
import type { Database } from '../platform/postgres/database.ts';
import type { NetworkSource, Page, SourceApi, WantedClass } from '../source/network-source.ts';
import { candidateOf, countRefusals, type CandidateRules, type RefusalCounts } from './candidate.ts';
import { storeCandidates } from './candidate.repository.ts';
import type { DiscoverPayload } from './discover.job.ts';
import {
  advanceQuery,
  lockAdmitted,
  postponeQuery,
  readQuery,
  refuseQuery,
  storePlan,
  type QueryState,
} from './query.repository.ts';

export interface DiscoverDeps {
  readonly db: Kysely<Database>;
  readonly source: NetworkSource;
  readonly api: SourceApi;
  readonly rules: CandidateRules;
  /** Candidates a class and source, or null. */
  readonly limitPerClass: number | null;
  /** The class as its plan needs it; null if this run does not ask for it. */
  wantedClass(wnid: Wnid): WantedClass | null;
  /** Resolves once fetching has caught up enough for more to be found; earlier if the run is asked to end. */
  waitForRoom(): Promise<void>;
  shouldStop(): boolean;
  /** Pause before a page is tried again, in milliseconds. */
  retryDelayMs(attempt: number, retryAfterMs: number | null): number;
  onPage(page: DiscoveredPage): void;
}

/** What a page of results came to. */
export interface DiscoveredPage {
  readonly wnid: Wnid;
  readonly seen: number;
  readonly newPictures: number;
  readonly overLimit: number;
  readonly refused: RefusalCounts;
}

/**
 * One discovery job: the next page of a query, or the plan of a class. The cursor moves in the transaction that stores
 * the page's candidates, so a page is never lost and, after a crash, at most the page in hand is asked for again.
 *
 * @returns ids of pictures that wait to be fetched; null if there was nothing to do for this run
 * @throws SourceBlocked if the source refuses us altogether
 */
export async function discoverPage(payload: DiscoverPayload, deps: DiscoverDeps): Promise<readonly number[] | null> {
  const state = await readQuery(deps.db, payload.queryId);
  // Done meanwhile, or a job that was queued before the cursor moved.
  if (state === null || state.pages !== payload.page) return null;
  const wanted = deps.wantedClass(state.wnid);
  // Another run's, of the same collection: it will queue it again.
  if (wanted === null) return null;
  await deps.waitForRoom();
  if (deps.shouldStop()) return [];
  try {
    return state.kind === 'plan' ? await planClass(state, wanted, deps) : await fetchPage(state, deps);
  } catch (error) {
    await settle(state, error, deps);
    return [];
  }
}

async function planClass(state: QueryState, wanted: WantedClass, deps: DiscoverDeps): Promise<readonly number[]> {
  const plan = await deps.source.plan(wanted, deps.api);
  await deps.db.transaction().execute((trx) => storePlan(trx, state, plan));
  return [];
}

async function fetchPage(state: QueryState, deps: DiscoverDeps): Promise<readonly number[]> {
  const page = await deps.source.nextPage(state.query, state.cursor, deps.api);
  const candidates = page.photos.map((photo) => candidateOf(photo, deps.rules, state.id));
  const stored = await deps.db.transaction().execute(async (trx) => {
    const room = deps.limitPerClass === null ? null : deps.limitPerClass - (await lockAdmitted(trx, state));
    const result = await storeCandidates(trx, candidates, { retryFailed: false, admitAtMost: room });
    // A page that was cut off by the limit is asked for again should the limit be raised.
    const advanced: Page = result.overLimit > 0 ? { ...page, next: state.cursor } : page;
    await advanceQuery(trx, state, { page: advanced, admitted: result.admitted });
    return result;
  });
  const { newPictures, overLimit } = stored;
  deps.onPage({
    wnid: state.wnid,
    seen: page.photos.length,
    newPictures,
    overLimit,
    refused: countRefusals(candidates),
  });
  return stored.waiting;
}

async function settle(state: QueryState, error: unknown, deps: DiscoverDeps): Promise<void> {
  const { db } = deps;
  if (error instanceof RetryLater) {
    const delayMs = deps.retryDelayMs(state.attempts + 1, error.retryAfterMs);
    await postponeQuery(db, state.id, { delayMs, problem: error.message });
  } else if (error instanceof GiveUpOnItem) {
    await refuseQuery(db, state.id, messageOf(error));
  } else throw error;
}
