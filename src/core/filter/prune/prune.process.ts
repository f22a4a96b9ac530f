import {
  type HoldReason,
  HOLD_REASONS,
  collectionScopes,
  holdsOf,
  lookUpOneByOne,
  photoIdsInScope,
  type Hold,
} from './retention.repository.ts';
import { rangeOf } from '../../kernel/pages.ts';
import { finishPruning, type PrunedCount, removeMarked, type PruneBytesDeps } from '../../photo/prune-bytes.process.ts';
import {
  countBytes,
  firstStoredFrom,
  lockBytes,
  setBytesState,
  type BytesOfPhoto,
} from '../../photo/pruned.repository.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { removeCached } from '../../photo/photo-cache.process.ts';
import type { Transaction } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';
import { shareLeaks } from '../run/overrule.repository.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';

export interface HeldCount extends PrunedCount {
  readonly reason: HoldReason;
  readonly collection: string;
}

export interface PruneReport {
  readonly gone: PrunedCount;
  /** The part of `gone` that an interrupted prune had left. */
  readonly finished: PrunedCount;
  readonly held: readonly HeldCount[];
}

export interface PruneOptions {
  readonly isDryRun: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (soFar: PrunedCount & { readonly looked: number }) => void;
}

/**
 * Deletes the bytes of the collection's photos that every collection with the photo has dropped. Can be interrupted, and can run
 * beside any other command. The next run deletes what an interrupted one left.
 */
export async function pruneCollection(workspace: Workspace, options: PruneOptions): Promise<PruneReport> {
  const { isDryRun, signal, onProgress } = options;
  const deps = depsOf(workspace);
  const finished = isDryRun ? await leftToFinish(deps.db) : await finishPruning(deps, signal);
  const gone = { ...finished };
  const held = new Map<string, HeldCount>();
  let looked = 0;
  for await (const range of storedRanges(deps.db)) {
    if (signal.aborted) break;
    const outcome = await (isDryRun ? wouldPrune : pruneRange)(range, deps);
    gone.photos += outcome.gone.photos;
    gone.bytes += outcome.gone.bytes;
    looked += outcome.gone.photos + outcome.held.length;
    addHeld(held, outcome);
    onProgress?.({ ...gone, looked });
  }
  return { gone, finished, held: inOrder(held.values()) };
}

async function leftToFinish(db: PruneDeps['db']): Promise<PrunedCount> {
  const { photos = 0, bytes = 0 } = (await countBytes(db)).find(({ state }) => state === 'pruning') ?? {};
  return { photos, bytes };
}

export function pagePruner(workspace: Workspace): (page: number) => Promise<PrunedCount> {
  const deps = depsOf(workspace);
  return async (page) => (await pruneRange(rangeOf(page), deps)).gone;
}

function depsOf({ app, scope }: Workspace): PruneDeps {
  return {
    db: app.db,
    scope,
    async remove(sha256) {
      await app.blobs.remove(sha256);
      await removeCached(app.dataDir, sha256);
    },
    sizeOf: (sha256) => app.blobs.sizeOf(sha256),
  };
}

function addHeld(counts: Map<string, HeldCount>, { held }: RangeOutcome): void {
  for (const { reason, collection, bytes } of held) {
    const key = `${reason} ${collection}`;
    const before = counts.get(key) ?? { photos: 0, bytes: 0 };
    counts.set(key, { reason, collection, photos: before.photos + 1, bytes: before.bytes + bytes });
  }
}

function inOrder(counts: Iterable<HeldCount>): HeldCount[] {
  return [...counts].toSorted(
    (a, b) => HOLD_REASONS.indexOf(a.reason) - HOLD_REASONS.indexOf(b.reason) || (a.collection < b.collection ? -1 : 1),
  );
}

export interface PruneDeps extends PruneBytesDeps {
  readonly scope: DecisionScope;
}

interface IdRange {
  readonly from: number;
  readonly before: number;
}

interface RangeOutcome {
  readonly gone: PrunedCount;
  readonly held: readonly (Hold & { readonly bytes: number })[];
}

/** One transaction, in which no rules and no decisions change, marks the photos. Their bytes are deleted after it. */
export async function pruneRange(range: IdRange, deps: PruneDeps): Promise<RangeOutcome> {
  const { free, held } = await deps.db.transaction().execute(async (trx) => {
    const sorted = await sortOut(trx, range, deps.scope);
    await setBytesState(trx, idsOf(sorted.free), 'pruning');
    return sorted;
  });
  const gone = free.length === 0 ? { photos: 0, bytes: 0 } : await removeMarked(deps, idsOf(free));
  return { gone, held };
}

export async function wouldPrune(
  range: IdRange,
  { db, scope }: Pick<PruneDeps, 'db' | 'scope'>,
): Promise<RangeOutcome> {
  const { free, held } = await db.transaction().execute((trx) => sortOut(trx, range, scope));
  return { gone: { photos: free.length, bytes: free.reduce((total, { bytes }) => total + bytes, 0) }, held };
}

/** This collection is judged under its current rules, the others under the rules of their last filter. */
async function sortOut(
  trx: Transaction<Database>,
  range: IdRange,
  scope: DecisionScope,
): Promise<{ free: BytesOfPhoto[]; held: RangeOutcome['held'] }> {
  await lookUpOneByOne(trx);
  const known = await collectionScopes(trx);
  await shareLeaks(trx);
  const scopes = known.map((one) => (one.scope.collectionId === scope.collectionId ? { ...one, scope } : one));
  const photos = await lockBytes(trx, await photoIdsInScope(trx, scope, range), 'stored');
  // A separate statement after the rows are locked, so that it sees all decisions until then.
  const holds = await holdsOf(trx, scopes, idsOf(photos));
  const held = photos.flatMap(({ id, bytes }) => {
    const hold = holds.get(id);
    return hold === undefined ? [] : [{ ...hold, bytes }];
  });
  return { free: photos.filter(({ id }) => !holds.has(id)), held };
}

function idsOf(photos: readonly BytesOfPhoto[]): number[] {
  return photos.map(({ id }) => id);
}

const IDS_AT_A_TIME = 512;

/** Ranges of ids that together cover every photo with bytes. Each range is read when it is asked for. */
export async function* storedRanges(db: PruneDeps['db']): AsyncGenerator<IdRange> {
  let from = await firstStoredFrom(db, 0);
  while (from !== null) {
    const before: number = from + IDS_AT_A_TIME;
    yield { from, before };
    from = await firstStoredFrom(db, before);
  }
}
