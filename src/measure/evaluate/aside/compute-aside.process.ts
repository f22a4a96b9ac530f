import { Worker } from 'node:worker_threads';
import { refuseTelemetry } from '../../../core/config/env.ts';
import { fitHead, type FitOrder, type FittedHead } from '../../heads/fit-head.ts';
import { Interrupted } from '../../../core/kernel/errors.ts';
import { evaluationOf } from '../evaluate.ts';
import type { Evaluation } from '../evaluation.ts';
import { rankAgreement } from '../metrics/kendall.ts';

/** Functions that may take seconds, each with one argument. */
export const COMPUTATIONS = {
  evaluationOf: ([predictions, about]: Parameters<typeof evaluationOf>): Evaluation => evaluationOf(predictions, about),
  rankAgreement,
  fitHead: async (order: FitOrder): Promise<FittedHead> => {
    const { openMatrixProducts } = await import('../../heads/matrix-products.process.ts');
    const products = await openMatrixProducts();
    try {
      return await fitHead(order, products);
    } finally {
      await products.close();
    }
  },
} as const;
type Computations = typeof COMPUTATIONS;
type Result<Name extends keyof Computations> = Awaited<ReturnType<Computations[Name]>>;

export interface Order {
  readonly name: keyof Computations;
  readonly given: never;
}

/** Computes in a separate thread, so that the server keeps answering. @throws what the function throws; Interrupted */
export async function computeAside<Name extends keyof Computations>(
  name: Name,
  given: Parameters<Computations[Name]>[0],
  signal?: AbortSignal,
): Promise<Result<Name>> {
  if (signal?.aborted === true) throw new Interrupted();
  refuseTelemetry();
  const worker = new Worker(new URL('computation-thread.mjs', import.meta.url), { workerData: { name, given } });
  // A thread that is ended while ONNX Runtime computes would abort the process. `fitHead` ends itself between two products.
  const stop = (): void => (name === 'fitHead' ? worker.postMessage('stop') : void worker.terminate());
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<Result<Name>>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (error) => reject(signal?.aborted === true ? new Interrupted() : error));
      worker.once('exit', () => reject(new Interrupted()));
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
