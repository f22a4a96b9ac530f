import {
  PhotoStream,
  type EvaluationDeps,
  type EvaluationResult,
  type EvaluationTask,
} from '../../src/filter/engine/evaluate.process.ts';

/**
 * Evaluates a batch of photos. Returns one result for each task, in order. Throws an error that is not about its photo, once
 * the other photos are evaluated.
 */
export async function evaluateBatch(
  tasks: readonly EvaluationTask[],
  deps: EvaluationDeps,
): Promise<EvaluationResult[]> {
  const stream = new PhotoStream(deps);
  const results = tasks.map(
    (task) => new Promise<EvaluationResult>((settle, fail) => stream.push({ task, settle, fail })),
  );
  await Promise.allSettled(results);
  return Promise.all(results);
}
