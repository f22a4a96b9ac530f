import { setTimeout as sleep } from 'node:timers/promises';
import { withFileLock } from '../../src/core/platform/lock/file-lock.ts';
import { prepareLayout } from '../../src/core/platform/postgres/embedded/layout.ts';
import { runningPostmaster } from '../../src/core/platform/postgres/embedded/postmaster.ts';
import { openPrograms } from '../../src/core/platform/postgres/embedded/programs.ts';
import { startServer, stopServer } from '../../src/core/platform/postgres/embedded/server.ts';

/** Stops the server of a data folder as an administrator does, although clients are connected, and restarts it after a while. */
export async function restartServer(dataDir: string, awayMs: number): Promise<void> {
  const layout = await prepareLayout(dataDir);
  const programs = await openPrograms(layout);
  if ((await runningPostmaster(layout)) === undefined)
    throw new Error(`Expected a server to run on '${dataDir}' but there is none`);
  // While the lock is held, no client starts the server again.
  await withFileLock({ path: layout.lock, purpose: 'restart in a test', waitMs: 60_000 }, async () => {
    await stopServer(layout);
    await sleep(awayMs);
    if (!(await startServer(layout, programs))) throw new Error(`Expected the server of '${dataDir}' to start again`);
  });
}
