import { completeEvidence, type CompletedCounts } from './complete.process.ts';
import { withTruths } from './evaluate-batch.process.ts';
import { statesOfPhotos } from './decision.repository.ts';
import { bytesAbsent } from './lost-photos.process.ts';
import type { LostPhoto } from '../../photo/lost-bytes.process.ts';
import type { FilterPolicy } from '../rule/policy.ts';
import { findRelatedMembers } from '../../models/evidence/related-members.repository.ts';
import type { Workspace } from '../../models/workspace/workspace.process.ts';
import { openEngine } from './filter-stage.process.ts';

export interface FillCounts {
  total: number;
  done: number;
  crops: number;
  /** Photos whose bytes were pruned, so their missing crops cannot be evaluated. */
  notFillable: number;
  /** Photos whose bytes cannot be decoded, or that models cannot evaluate. */
  undecodable: number;
}

export interface FillOptions {
  readonly policies: readonly FilterPolicy[];
  readonly photoIds: readonly number[];
  readonly signal: AbortSignal;
  readonly counts: FillCounts;
  /** Called when `counts` has changed. */
  readonly onDone?: () => void;
}

export function noFill(): FillCounts {
  return { total: 0, done: 0, crops: 0, notFillable: 0, undecodable: 0 };
}

/**
 * Decisions stay as they are. On the signal, batches in flight end early. Their evidence is stored, and the next fill continues
 * from there.
 *
 * @throws RetryLater `bytes-absent`, once all other photos are filled, if photos lack bytes that were not pruned
 */
export async function fillEvidence(workspace: Workspace, options: FillOptions): Promise<void> {
  const { photoIds, policies, signal, counts } = options;
  counts.total = photoIds.length;
  if (photoIds.length === 0) return;
  const { app, scope, ensemble } = workspace;
  await app.blobs.check();
  const { engine, threads } = await openEngine(workspace, { evaluate: 'needed', policies, signal });
  const related = await findRelatedMembers(app.db, ensemble.memberIds);
  const deps = { db: app.db, memberIds: ensemble.memberIds, related, policies, evaluate: 'needed' as const, engine };
  const lost: LostPhoto[] = [];
  let next = 0;
  // The first error ends all workers.
  const broken = new AbortController();
  const worker = async (): Promise<void> => {
    while (next < photoIds.length && !signal.aborted && !broken.signal.aborted) {
      const ids = photoIds.slice(next, next + app.config.filter.batchPhotos);
      next += ids.length;
      const photos = await statesOfPhotos(app.db, scope, ids);
      const completed = await completeEvidence(
        photos.map((photo) => withTruths(photo, scope)),
        deps,
      );
      addTo(counts, completed);
      options.onDone?.();
      lost.push(...completed.lost);
    }
  };
  try {
    // One more than there are threads, so that no thread waits for the database.
    const workers = Array.from({ length: threads + 1 }, async () =>
      worker().catch((error: unknown) => {
        broken.abort();
        throw error;
      }),
    );
    const ends = await Promise.allSettled(workers);
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (lost.length > 0 && !signal.aborted) throw bytesAbsent(lost);
  } finally {
    await engine.close();
  }
}

function addTo(counts: FillCounts, { done, crops, absent, lost, undecodable }: CompletedCounts): void {
  const pruned = absent.length - lost.length;
  counts.done += done + pruned + undecodable.length;
  counts.crops += crops;
  counts.notFillable += pruned;
  counts.undecodable += undecodable.length;
}
