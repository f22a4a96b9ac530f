import { runServerWorker } from '../src/web/cli/server-worker.ts';

await runServerWorker();
