import { runWorker } from '../src/core/cli/worker/worker.ts';

await runWorker('discover');
