import { hostname } from 'node:os';
import { Client } from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import type { App } from '../../../src/core/runtime/open/app.process.ts';
import { connectedProcesses } from '../../../src/core/status/processes.repository.ts';
import { useDatabase } from '../../support/database.ts';
import { openTestApp, testFolder } from '../../support/test-app.ts';

const database = useDatabase();
const openWorker = async (): Promise<App> =>
  openTestApp({ url: database.url, dataDir: await testFolder(), clientName: 'filter-worker' });

it('a worker is not alone if one of another container has its process id', async () => {
  const alone = await openWorker();
  expect(alone.soleClient).toBe(true);
  await alone.close();
  const name = `winnow filter-worker ${process.pid} a1b2c3d4e5f6`;
  const other = new Client({ connectionString: database.url, application_name: name });
  await other.connect();
  onTestFinished(() => other.end());
  const app = await openWorker();
  expect(app.soleClient).toBe(false);
  const workers = (await connectedProcesses(app.db)).map(({ pid, address }) => `${pid} ${address}`);
  expect(new Set(workers)).toEqual(new Set([`${process.pid} ${hostname().slice(-30)}`, `${process.pid} a1b2c3d4e5f6`]));
});
