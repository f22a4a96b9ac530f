import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { expect, it } from 'vitest';
import { openApp, type App } from '../../../src/runtime/open/app.process.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { openLogger } from '../../../src/platform/log/logger.ts';
import { connectedProcesses } from '../../../src/status/overview.repository.ts';
import { useDatabase } from '../../support/database.ts';

const database = useDatabase();
const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);

async function withWorker<T>(use: (app: App) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'winnow-container-'));
  const { config } = await loadConfig({ env: { DATABASE_URL: database.url } });
  const app = await openApp({ config, dataDir, clientName: 'filter-worker', log });
  try {
    return await use(app);
  } finally {
    await app.close();
    await rm(dataDir, { recursive: true });
  }
}

it('a worker is not alone if one of another container has its process id', async () => {
  expect(await withWorker((app) => Promise.resolve(app.soleClient))).toBe(true);
  const name = `winnow filter-worker ${process.pid} a1b2c3d4e5f6`;
  const other = new Client({ connectionString: database.url, application_name: name });
  await other.connect();
  try {
    await withWorker(async (app) => {
      expect(app.soleClient).toBe(false);
      const workers = (await connectedProcesses(app.db)).map(({ pid, address }) => [pid, address]);
      expect(new Set(workers)).toEqual(
        new Set([
          [process.pid, hostname().slice(-30)],
          [process.pid, 'a1b2c3d4e5f6'],
        ]),
      );
    });
  } finally {
    await other.end();
  }
});
