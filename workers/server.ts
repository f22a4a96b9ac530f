import { runServer } from '../src/cli/worker.ts';

await runServer();
