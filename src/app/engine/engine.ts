import type { EvaluationResult, EvaluationTask } from '../../decision/evaluate.process.ts';
import type { EngineSpec } from './messages.ts';
import { ThreadPool, type EngineWork } from './thread-pool.ts';

export type { EngineWork } from './thread-pool.ts';

export interface FilterEngine {
  /** Evaluates photos on whatever threads are free; resolves once all are done, in one result a task, in order. */
  evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]>;
  /** What all threads have done so far. */
  work(): EngineWork;
  /** Asks threads to end early, with what they have. */
  requestStop(): void;
  /** Waits for photos in flight, releases the sessions and ends the threads; photos that wait for a thread are refused. */
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
