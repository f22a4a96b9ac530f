import { parentPort, workerData } from 'node:worker_threads';
import { COMPUTATIONS, type Order } from './compute-aside.ts';

// What it throws reaches the caller as the thread's error.
const { name, given }: Order = workerData;
parentPort?.postMessage(COMPUTATIONS[name](given));
