import type { EvaluationResult, EvaluationTask } from '../../decision/evaluate.process.ts';
import type { EngineSpec } from './messages.ts';
import { ThreadPool, type EngineWork } from './thread-pool.ts';

export type { EngineWork } from './thread-pool.ts';

export interface FilterEngine {
  /** Evaluates photos on free threads. Resolves once all are done, with one result for each task, in order. */
  evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]>;
  /** The work of all threads since the start. */
  work(): EngineWork;
  /** Asks the threads to stop early. Photos then end with the evidence that they have. */
  requestStop(): void;
  /**
   * Waits for photos in flight, releases the sessions and ends the threads. Photos that still wait for a thread are
   * rejected.
   */
  close(): Promise<void>;
}

/**
 * Starts `threads` filter threads and resolves when all have loaded their models.
 *
 * @throws StopTheRun if a model cannot be loaded
 */
export async function startEngine(spec: EngineSpec, threads: number): Promise<FilterEngine> {
  const pool = new ThreadPool<EvaluationTask, EvaluationResult>({ kind: 'filter', spec });
  await pool.start(threads);
  return {
    evaluate: (tasks) => pool.run(tasks),
    work: () => pool.work(),
    requestStop: () => pool.requestStop(),
    close: () => pool.close(),
  };
}
