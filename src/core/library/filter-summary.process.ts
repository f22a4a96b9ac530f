import type { EngineWork } from '../filter/engine/engine-tally.ts';
import { countToDecide } from '../filter/run/photo-tally.repository.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import type { StagesResult } from './stages.process.ts';

/** `winnow filter --json`, in photos. */
export interface FilterSummary {
  readonly kept: number;
  readonly dropped: number;
  readonly failed: number;
  /** Photos that are still to decide. */
  readonly left: number;
  /** Photos whose stored bytes are missing or wrong. */
  readonly lostBytes: number;
  readonly undecidedPruned: number;
  readonly completed: number;
  readonly completedCrops: number;
  readonly notCompletable: number;
  readonly poisoned: number;
  /** Seconds are the sum of all threads, except for `elapsedSeconds`. Null if no model ran. */
  readonly work: Readonly<Record<string, number | string>> | null;
}

export async function filterSummary({ app, scope }: Workspace, { counts, left }: StagesResult): Promise<FilterSummary> {
  const { kept, dropped, failed, poisoned, completed, completedCrops, notCompletable, lost, filterWork } = counts;
  const { pruned: undecidedPruned } = await countToDecide(app.db, scope, app.log);
  const completion = { completed, completedCrops, notCompletable };
  const decided = { kept, dropped, failed, left: left.filter ?? 0, lostBytes: lost.length, undecidedPruned };
  return { ...decided, ...completion, poisoned, work: workOf(filterWork) };
}

function workOf(work: EngineWork | null): FilterSummary['work'] {
  if (work === null || work.crops === 0 || work.startedAtMs === null) return null;
  const { threads, startedAtMs, photos, crops, passes, spanMs, prepareMs, inferMs } = work;
  return {
    threads,
    startedAt: new Date(startedAtMs).toISOString(),
    photos,
    crops,
    passes,
    elapsedSeconds: spanMs / 1_000,
    prepareSeconds: prepareMs / 1_000,
    inferSeconds: inferMs / 1_000,
  };
}
