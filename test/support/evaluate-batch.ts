import {
  EvaluatedPhoto,
  type EvaluationResult,
  type EvaluationRules,
  type EvaluationTask,
} from '../../src/core/filter/engine/evaluated-photo.ts';
import { CropStream, type CropStreamDeps } from '../../src/core/models/evidence/crop-stream.process.ts';

export type EvaluationDeps = EvaluationRules & CropStreamDeps;

/**
 * Evaluates a batch of photos. Returns one result for each task, in order. Throws an error that is not about its photo, once
 * the other photos are evaluated.
 */
export async function evaluateBatch(
  tasks: readonly EvaluationTask[],
  deps: EvaluationDeps,
): Promise<EvaluationResult[]> {
  const stream = new CropStream(deps);
  const results = tasks.map(
    (task) =>
      new Promise<EvaluationResult>((settle, fail) => stream.push(new EvaluatedPhoto(task, deps, { settle, fail }))),
  );
  await Promise.allSettled(results);
  return Promise.all(results);
}
