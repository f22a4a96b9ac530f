import type { EvaluationResult, EvaluationTask } from './evaluated-photo.ts';
import type { EngineTally } from './engine-tally.ts';
import type { EngineSpec } from './messages.ts';
import { ThreadPool } from './thread-pool.process.ts';

export interface FilterEngine {
  /** Evaluates photos on free threads. Resolves once all are done, with one result for each task, in order. */
  evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]>;
  /** Asks the threads to stop early. Photos then end with the evidence that they have. */
  requestStop(): void;
  /** Photos in flight end first. Photos that still wait for a thread are rejected. */
  close(): Promise<void>;
}

/** @throws StopTheRun if a model cannot be loaded */
export async function startEngine(spec: EngineSpec, threads: number, tally?: EngineTally): Promise<FilterEngine> {
  const pool = new ThreadPool<EvaluationTask, EvaluationResult>({ kind: 'filter', spec }, tally);
  await pool.start(threads);
  return pool;
}
