import { runServer } from '../src/core/cli/worker/worker.ts';

await runServer();
