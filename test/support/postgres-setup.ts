import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { attachEmbedded } from '../../src/platform/postgres/embedded/attach.ts';
import { openDatabase } from '../../src/platform/postgres/open-database.ts';
import { prepareQueues } from '../../src/platform/queue/postgres-queue.ts';
import { onServer, urlOfDatabase, type TestServer } from './database.ts';
import { silentLog } from './silent-log.ts';

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
  const remove = removerOf(folder);
  const embedded = await attachEmbedded({
    dataDir: folder,
    clientName: 'test-run',
    log: silentLog,
  });
  const stop = async (): Promise<void> => {
    await embedded.detach();
    await remove();
  };
  // Without a name, so that each connection can have its own.
  const url = embedded.url().replace(/&application_name=[^&]*/, '');
  // Nothing in it has to survive the machine.
  for (const name of ['fsync', 'synchronous_commit', 'full_page_writes'])
    await onServer(url, `alter system set ${name} = off`);
  await onServer(url, 'select pg_reload_conf()');
  return { url, stop };
}

/** Waits for the end of its input, ends the server of the folder if it still runs, and removes the folder. */
const REMOVER = `
  cat > /dev/null
  pid=$(head -n 1 "$1/postgres/cluster/postmaster.pid" 2> /dev/null)
  if [ -n "$pid" ] && kill -QUIT "$pid" 2> /dev/null; then
    while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
  fi
  rm -rf "$1"`;

/**
 * The server is nobody's child and would outlive a run that is killed. So a process of its own, out of reach of Ctrl-C,
 * holds a pipe from this one, whose end it sees whatever becomes of the run.
 */
function removerOf(folder: string): () => Promise<void> {
  const remover = spawn('sh', ['-c', REMOVER, 'sh', folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  remover.unref();
  return async () => {
    remover.ref();
    const ended = once(remover, 'exit');
    remover.stdin.end();
    await ended;
  };
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
