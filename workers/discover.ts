import { runWorker } from '../src/cli/worker.ts';

await runWorker('discover');
