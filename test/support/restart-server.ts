import { setTimeout as sleep } from 'node:timers/promises';
import { prepareLayout } from '../../src/platform/postgres/embedded/layout.ts';
import { runningPostmaster } from '../../src/platform/postgres/embedded/postmaster.ts';
import { openPrograms } from '../../src/platform/postgres/embedded/programs.ts';
import { startServer, stopServer } from '../../src/platform/postgres/embedded/server.ts';

/** Stops the server of a data folder as an administrator does, although clients are connected, and restarts it after a while. */
export async function restartServer(dataDir: string, awayMs: number): Promise<void> {
  const layout = await prepareLayout(dataDir);
  const programs = await openPrograms(layout);
  if ((await runningPostmaster(layout)) === undefined)
    throw new Error(`Expected a server to run on '${dataDir}' but there is none`);
  await stopServer(layout);
  await sleep(awayMs);
  if (!(await startServer(layout, programs))) throw new Error(`Expected the server of '${dataDir}' to start again`);
}
