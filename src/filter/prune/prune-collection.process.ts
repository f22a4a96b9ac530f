import { pruneRange, storedRanges, wouldPrune, type PruneDeps, type RangeOutcome } from './prune.process.ts';
import type { HoldReason } from './retention.repository.ts';
import { HOLD_REASONS } from './retention.repository.ts';
import { rangeOf } from '../../kernel/pages.ts';
import { finishPruning, type PrunedCount } from '../../photo/prune-bytes.process.ts';
import { countBytes } from '../../photo/pruned.repository.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { removeCached } from '../../photo/photo-cache.process.ts';

export interface HeldCount extends PrunedCount {
  readonly reason: HoldReason;
  readonly collection: string;
}

export interface PruneReport {
  readonly gone: PrunedCount;
  /** The part of `gone` that an interrupted prune had left. */
  readonly finished: PrunedCount;
  /** Photos of the collection that keep their bytes, each under its weightiest reason. */
  readonly held: readonly HeldCount[];
}

export interface PruneOptions {
  readonly isDryRun: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (soFar: PrunedCount & { readonly looked: number }) => void;
}

/**
 * Deletes the bytes of the collection's photos that every collection with the photo has dropped. It can be interrupted,
 * and can run beside any other command. The next run deletes what an interrupted one left.
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
  return { gone, finished, held: sorted(held.values()) };
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

function sorted(counts: Iterable<HeldCount>): HeldCount[] {
  return [...counts].toSorted(
    (a, b) => HOLD_REASONS.indexOf(a.reason) - HOLD_REASONS.indexOf(b.reason) || (a.collection < b.collection ? -1 : 1),
  );
}
