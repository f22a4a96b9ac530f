import { parentPort, workerData } from 'node:worker_threads';
import { Interrupted } from '../../../core/kernel/errors.ts';
import { COMPUTATIONS, type Order } from './compute-aside.process.ts';

// Messages are read between two steps of an asynchronous computation. Waiting for one does not keep the thread alive.
parentPort?.once('message', () => {
  throw new Interrupted();
});
parentPort?.unref();
// An error of the computation reaches the caller as the thread's `error` event.
const { name, given }: Order = workerData;
parentPort?.postMessage(await COMPUTATIONS[name](given));
