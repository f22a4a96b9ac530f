import type { EvaluationResult, EvaluationTask } from '../engine/evaluated-photo.ts';
import { type EvaluationWork, EngineTally } from '../engine/engine-tally.ts';
import { codeOf } from '../../kernel/errors.ts';
import { serveParent } from '../../platform/child/serve-parent.ts';
import { startEngine, THREAD_DIED } from '../engine/thread-pool.process.ts';
import type { EngineSpec } from '../engine/messages.ts';

export interface SoloAnswer {
  readonly result: EvaluationResult;
  readonly work: EvaluationWork;
}

/** Ends this process when its thread ends, so that the photo is blamed in both cases. */
function dieWithThread(error: unknown): Promise<never> {
  if (codeOf(error) !== THREAD_DIED) return Promise.reject(error);
  setImmediate(() => {
    throw error;
  });
  return new Promise(() => undefined);
}

/** The program of the child process for suspect photos: an engine of one thread, which gets one photo at a time. */
serveParent(async (spec: EngineSpec) => {
  const tally = new EngineTally(1);
  const engine = await startEngine({ ...spec, tellsSteps: true }, 1, tally);
  return async (task: EvaluationTask): Promise<SoloAnswer> => {
    const [result] = await engine.evaluate([task]).catch(dieWithThread);
    if (result === undefined)
      throw new Error(`Expected a result for the photo ${task.sha256} but the engine gave none`);
    return { result, work: tally.take() };
  };
});
