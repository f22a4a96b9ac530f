import type { EvaluationResult, EvaluationTask } from '../engine/evaluated-photo.ts';
import { type EvaluationWork, EngineTally } from '../engine/engine-tally.ts';
import { codeOf } from '../../kernel/errors.ts';
import { limitDecoding } from '../../platform/image/decode-limit.ts';
import { serveParent } from '../../platform/child/serve-parent.ts';
import { startEngine, THREAD_DIED } from '../engine/thread-pool.process.ts';
import type { EngineSpec } from '../engine/messages.ts';

export interface EngineChildSpec {
  readonly engine: EngineSpec;
  readonly threads: number;
  readonly pixelsAtOnce: number;
}

/** Photos to evaluate, or what an engine is asked for besides. */
export type EngineRequest = readonly EvaluationTask[] | 'stop' | 'close';

export interface EngineAnswer {
  readonly results: readonly EvaluationResult[];
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

/** The program of a child process with an engine: for suspect photos, which get one thread and come one at a time, or for a GPU. */
serveParent(async ({ engine: spec, threads, pixelsAtOnce }: EngineChildSpec) => {
  limitDecoding(pixelsAtOnce);
  const tally = new EngineTally(threads);
  const engine = await startEngine(spec, threads, tally);
  return async (request: EngineRequest): Promise<EngineAnswer> => {
    if (request === 'stop') engine.requestStop();
    if (request === 'close') await engine.close();
    const results = typeof request === 'string' ? [] : await engine.evaluate(request).catch(dieWithThread);
    return { results, work: tally.take() };
  };
});
