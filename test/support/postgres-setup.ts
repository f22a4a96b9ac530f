import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { attachEmbedded } from '../../src/platform/postgres/embedded/attach.ts';
import { openDatabase } from '../../src/platform/postgres/open-database.ts';
import { prepareQueues } from '../../src/platform/queue/postgres-queue.ts';
import { onServer, urlOfDatabase, type TestServer } from './database.ts';

const ignore = (): void => undefined;
const fail = (error: Error): void => {
  throw error;
};

let tearDown = (): Promise<void> => Promise.resolve();

/**
 * One PostgreSQL for the whole run: the server of WINNOW_TEST_DATABASE_URL (a role that may create databases), or an
 * embedded cluster in a temporary folder. Its template database is migrated once; every test file copies it.
 */
export async function setup(project: TestProject): Promise<void> {
  const given = process.env['WINNOW_TEST_DATABASE_URL'];
  const { url, stop } = given === undefined ? await startEmbedded() : { url: given, stop: () => Promise.resolve() };
  const prefix = `winnow_test_${process.pid}`;
  const server: TestServer = { url, prefix, template: `${prefix}_template` };
  tearDown = async () => {
    try {
      await dropDatabases(server);
    } finally {
      await stop();
    }
  };
  try {
    await makeTemplate(server);
  } catch (error) {
    await tearDown();
    throw error;
  }
  project.provide('postgres', server);
}

export async function teardown(): Promise<void> {
  await tearDown();
}

async function startEmbedded(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'winnow-pg-'));
  // Also when the run is broken off: the server is nobody's child and would stay.
  const remove = (): void => {
    killServer(folder);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once('exit', remove);
  const embedded = await attachEmbedded({
    dataDir: folder,
    clientName: 'test-run',
    log: { debug: ignore, info: ignore, warn: ignore },
  });
  const stop = async (): Promise<void> => {
    await embedded.detach();
    process.off('exit', remove);
    remove();
  };
  // Without a name, so that each connection can have its own.
  const url = embedded.url().replace(/&application_name=[^&]*/, '');
  // Nothing in it has to survive the machine.
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes'])
    await onServer(url, `alter system set ${name} = off`);
  await onServer(url, 'select pg_reload_conf()');
  return { url, stop };
}

/** Ends the server of a folder that is about to be removed, if it still runs. */
function killServer(folder: string): void {
  try {
    const pid = Number(readFileSync(path.join(folder, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 'SIGQUIT');
    for (let tries = 0; tries < 50 && isRunning(pid); tries += 1) spawnSync('sleep', ['0.1']);
  } catch {
    // No pid file, or no such process: it has stopped.
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function makeTemplate({ url, template }: TestServer): Promise<void> {
  await onServer(url, `create database ${template}`);
  const connection = { url: urlOfDatabase(url, template), applicationName: `vitest ${process.pid}` };
  const db = await openDatabase({ ...connection, poolSize: 1, onConnectionLost: fail });
  await db.destroy();
  await prepareQueues({ ...connection, onError: fail });
}

/** Those that test files made, and those that they did not come to drop. */
async function dropDatabases({ url, prefix }: TestServer): Promise<void> {
  const rows = await onServer(url, `select datname from pg_database where starts_with(datname, '${prefix}_')`);
  for (const { datname } of rows) await onServer(url, `drop database "${datname}" with (force)`);
}
