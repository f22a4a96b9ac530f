import type { TestProject } from 'vitest/node';
import { attachEmbedded } from '../../src/core/platform/postgres/embedded/attach.ts';
import { openDatabase } from '../../src/core/platform/postgres/open-database.ts';
import { prepareQueues } from '../../src/core/platform/queue/postgres-queue.ts';
import { onServer, urlOfDatabase, type TestServer } from './database.ts';
import { makeTempFolder } from './folder-in-memory.ts';
import { removerOf } from './remover.ts';
import { silentLog } from './silent-log.ts';

const fail = (error: Error): void => {
  throw error;
};

/** The server of this run while projects use it. Vitest loads this file once a project, so the global object keeps it. */
const run = globalThis as typeof globalThis & {
  winnowTestPostgres?: { users: number; started: ReturnType<typeof start> };
};

/**
 * One PostgreSQL for the whole run, shared by its projects: the server of WINNOW_TEST_DATABASE_URL (a role that may create
 * databases), or an embedded cluster in a temporary folder. Its template database is migrated once; tests copy it.
 */
export async function setup(project: TestProject): Promise<void> {
  run.winnowTestPostgres ??= { users: 0, started: start() };
  run.winnowTestPostgres.users += 1;
  project.provide('postgres', (await run.winnowTestPostgres.started).server);
}

/** The last project to end stops the server. */
export async function teardown(): Promise<void> {
  const shared = run.winnowTestPostgres;
  if (shared === undefined || (shared.users -= 1) > 0) return;
  delete run.winnowTestPostgres;
  await (await shared.started).tearDown();
}

async function start() {
  const given = process.env['WINNOW_TEST_DATABASE_URL'];
  const { url, strategy, stop } =
    given === undefined ? await startEmbedded() : { url: given, strategy: '', stop: () => Promise.resolve() };
  const prefix = `winnow_test_${process.pid}`;
  const folder = makeTempFolder('winnow-run-');
  const remove = removerOf(folder);
  const server: TestServer = { url, prefix, template: `${prefix}_template`, strategy, folder };
  const tearDown = async (): Promise<void> => {
    try {
      await dropDatabases(server);
    } finally {
      await stop();
      await remove();
    }
  };
  try {
    await makeTemplate(server);
  } catch (error) {
    await tearDown();
    throw error;
  }
  return { server, tearDown };
}

async function startEmbedded() {
  const folder = makeTempFolder('winnow-pg-');
  const remove = removerOf(folder);
  const embedded = await attachEmbedded({ dataDir: folder, clientName: 'test-run', log: silentLog });
  const stop = async (): Promise<void> => {
    await embedded.detach();
    await remove();
  };
  const { url } = embedded;
  // Nothing in it has to survive a crash, so that nothing is synced to the disk.
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes'])
    await onServer(url, `alter system set ${name} = off`);
  await onServer(url, 'select pg_reload_conf()');
  // Without syncing, copying files takes half the time of writing all pages to the log.
  return { url, strategy: 'strategy file_copy', stop };
}

async function makeTemplate({ url, template }: TestServer): Promise<void> {
  await onServer(url, `create database ${template}`);
  const connection = { url: urlOfDatabase(url, template), applicationName: `vitest ${process.pid}` };
  const db = await openDatabase({ ...connection, poolSize: 1, onConnectionLost: fail });
  await db.destroy();
  await prepareQueues({ ...connection, onError: fail });
}

async function dropDatabases({ url, prefix }: TestServer): Promise<void> {
  const rows = await onServer(url, `select datname from pg_database where starts_with(datname, '${prefix}_')`);
  for (const { datname } of rows) await onServer(url, `drop database "${datname}" with (force)`);
}
