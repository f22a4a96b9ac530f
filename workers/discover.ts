import { runWorker } from '../src/cli/worker/worker.ts';

await runWorker('discover');
