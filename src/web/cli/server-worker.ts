import { workerFlags } from '../../core/cli/worker/worker.ts';
import { runServer } from './server.ts';

export async function runServerWorker(): Promise<void> {
  const flags = workerFlags('server', 'Serves the pages and the metrics of all collections until it is stopped');
  await runServer(flags, true);
}
