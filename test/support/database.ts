import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, inject } from 'vitest';
import type { Database } from '../../src/core/platform/postgres/database.ts';
import { openDatabase } from '../../src/core/platform/postgres/open-database.ts';

/** The server that `postgres-setup.ts` started or was given. */
export interface TestServer {
  /** URL of a database from which others can be made. */
  readonly url: string;
  /** Prefix of this run's database names. */
  readonly prefix: string;
  /** A migrated catalogue with the tables of the queue, without connections. */
  readonly template: string;
  /** The last clause of `create database`. */
  readonly strategy: string;
  /** A folder of this run, for what one test file makes for all. */
  readonly folder: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly postgres: TestServer;
  }
}

/** A database of a test file's own; `url` and `db` can be used inside tests and hooks only. */
export type TestDatabase = { readonly url: string; readonly db: Kysely<Database> };

let made = 0;

/**
 * A migrated, empty catalogue for the tests of this file (or `describe`), dropped at its end. Connections that are left
 * open at the end fail the file.
 */
export function useDatabase(options: { poolSize?: number } = {}): TestDatabase {
  let opened: TestDatabase | undefined;
  const get = (): TestDatabase => {
    if (opened === undefined) throw new Error('Expected the database to be used inside a test or hook');
    return opened;
  };
  beforeAll(async () => {
    const url = await createDatabase('template');
    const db = await openDatabase({
      url,
      applicationName: applicationName(),
      poolSize: options.poolSize ?? 4,
      onConnectionLost(error) {
        throw error;
      },
    });
    opened = { url, db };
  });
  afterAll(async () => {
    if (opened === undefined) return;
    const { url, db } = opened;
    await db.destroy();
    await dropDatabase(url);
  });
  return {
    get url() {
      return get().url;
    },
    get db() {
      return get().db;
    },
  };
}

/**
 * A new database of this run: with the schema, without anything, or a copy of another one, which must have no
 * connections. The caller drops it with `dropDatabase`.
 */
export async function createDatabase(from: 'template' | 'nothing' | { readonly copyOf: string }): Promise<string> {
  const server = inject('postgres');
  made += 1;
  const name = `${server.prefix}_${process.pid}_${process.env['VITEST_POOL_ID'] ?? 0}_${made}_${Date.now()}`;
  const template = typeof from === 'object' ? nameOf(from.copyOf) : from === 'template' ? server.template : 'template0';
  await onServer(server.url, `create database ${name} template ${template} ${server.strategy}`);
  return urlOfDatabase(server.url, name);
}

/** Time limit for connections to close: a busy machine ends processes late. */
const CLOSING_MS = 10_000;

/** Fails if a connection is still open after that: a leak. */
export async function dropDatabase(url: string): Promise<void> {
  const server = inject('postgres');
  const name = nameOf(url);
  const others = `select application_name, query from pg_stat_activity where datname = '${name}'`;
  const deadlineMs = performance.now() + CLOSING_MS;
  const left = await onClient(server.url, async (client) => {
    let { rows } = await client.query(others);
    while (rows.length > 0 && performance.now() < deadlineMs) {
      await sleep(20);
      ({ rows } = await client.query(others));
    }
    await client.query(`drop database ${name} with (force)`);
    return rows;
  });
  if (left.length > 0) throw new Error(`Expected no connection to be left but found ${JSON.stringify(left)}`);
}

/** Not one of winnow's own names: commands that a test runs are to find themselves alone. */
export function applicationName(): string {
  return `vitest ${process.pid}`;
}

/** One statement on a connection of its own. */
export async function onServer(url: string, statement: string): Promise<Record<string, string>[]> {
  return onClient(url, async (client) => (await client.query(statement)).rows);
}

export async function onClient<T>(url: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

export function urlOfDatabase(url: string, database: string): string {
  // Not `new URL`: the host may be a socket folder, which it would lower-case and re-encode.
  return url.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${database}`);
}
