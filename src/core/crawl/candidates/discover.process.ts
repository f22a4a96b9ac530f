import type { Kysely } from 'kysely';
import { GiveUpOnItem, messageOf, RetryLater } from '../../kernel/errors.ts';
import type { Wnid } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { NetworkSource, PlannedQuery, ResultPage, SourceApi, WantedClass } from '../sources/network-source.ts';
import { candidateOf, countRefusals, type CandidateRules, type RefusalCounts } from './candidate.ts';
import { storeCandidates } from './candidate.repository.ts';
import type { DiscoverPayload } from './discover.job.ts';
import { linkSearched } from './link.repository.ts';
import {
  advanceQuery,
  lockFound,
  postponeQuery,
  readQuery,
  refuseQuery,
  storePlan,
  type QueryScope,
  type QueryState,
} from './query.repository.ts';

export interface DiscoverDeps {
  readonly db: Kysely<Database>;
  readonly source: NetworkSource;
  readonly api: SourceApi;
  readonly scope: QueryScope;
  readonly rules: CandidateRules;
  /** Null if this run does not collect the class. */
  wantedClass(wnid: Wnid): WantedClass | null;
  /** Resolves once fetching has caught up, or earlier if the run must end. */
  waitForRoom(): Promise<void>;
  shouldStop(): boolean;
  retryDelayMs(attempt: number, retryAfterMs: number | null): number;
  onPage(page: DiscoveredPage): void;
}

export interface DiscoveredPage {
  readonly wnid: Wnid;
  readonly seen: number;
  readonly newPictures: number;
  readonly overLimit: number;
  readonly refused: RefusalCounts;
}

export interface Discovered {
  /** Ids of pictures that wait to be fetched. */
  readonly handOn: readonly number[];
  /** Why there is no page: the query waits, or was refused. */
  readonly failure?: RetryLater | GiveUpOnItem;
}

/**
 * The cursor moves in the transaction that stores the page's candidates, so after a crash one page is requested again at most.
 *
 * @returns null if this run has nothing to do
 * @throws SourceBlocked if the source refuses all requests
 */
export async function discoverPage(payload: DiscoverPayload, deps: DiscoverDeps): Promise<Discovered | null> {
  const state = await readQuery(deps.db, payload.queryId);
  // Another worker has done the page, or the job was queued before the cursor moved.
  if (state === null || state.pages !== payload.page) return null;
  const wanted = deps.wantedClass(state.wnid);
  // The query belongs to another run of the same collection, which will queue it again.
  if (wanted === null) return null;
  await deps.waitForRoom();
  if (deps.shouldStop()) return null;
  try {
    const handOn = state.kind === 'plan' ? await planClass(state, wanted, deps) : await fetchPage(state, deps);
    return { handOn };
  } catch (error) {
    return { handOn: [], failure: await settle(state, error, deps) };
  }
}

/** Another first day of upload makes other queries, with cursors of their own. */
export function queriesSince(queries: readonly PlannedQuery[], since: string | null = null): readonly PlannedQuery[] {
  if (since === null) return queries;
  return queries.map(({ key, title, params }) => {
    return { key: `${key} since ${since}`, title: `${title} since ${since}`, params, since };
  });
}

async function planClass(state: QueryState, wanted: WantedClass, deps: DiscoverDeps): Promise<readonly number[]> {
  const plan = await deps.source.plan(wanted, deps.api);
  const queries = queriesSince(plan.queries, state.query.since);
  await deps.db.transaction().execute((trx) => storePlan(trx, state, { ...plan, queries }));
  await linkSearched(deps.db, { ...deps.scope, wnids: [state.wnid] });
  return [];
}

async function fetchPage(state: QueryState, deps: DiscoverDeps): Promise<readonly number[]> {
  const page = await deps.source.nextPage(state.query, state.cursor, deps.api);
  const candidates = page.photos.map((photo) =>
    candidateOf(photo, { ...deps.rules, since: state.query.since ?? null }, state.id),
  );
  const stored = await deps.db.transaction().execute(async (trx) => {
    const { collectionId, limitPerClass } = deps.scope;
    const admitAtMost = limitPerClass === null ? null : limitPerClass - (await lockFound(trx, state, deps.scope));
    const result = await storeCandidates(trx, candidates, { collectionId, retryFailed: false, admitAtMost });
    // If the limit cut the page off, the cursor stays, so that the page is requested again if the limit is raised.
    const { overLimit } = result;
    const advanced: ResultPage = overLimit > 0 ? { ...page, next: state.cursor } : page;
    await advanceQuery(trx, state, { page: advanced, isLast: overLimit === 0 && page.next === null });
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

async function settle(state: QueryState, error: unknown, deps: DiscoverDeps): Promise<RetryLater | GiveUpOnItem> {
  const { db } = deps;
  if (error instanceof RetryLater) {
    const delayMs = deps.retryDelayMs(state.attempts + 1, error.retryAfterMs);
    await postponeQuery(db, state.id, { delayMs, problem: error.message });
  } else if (error instanceof GiveUpOnItem) {
    await refuseQuery(db, state.id, messageOf(error));
  } else throw error;
  return error;
}
