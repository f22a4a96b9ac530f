import { runServer } from '../src/cli/worker/worker.ts';

await runServer();
