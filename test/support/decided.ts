import type { Client } from 'pg';
import { attachEmbedded } from '../../src/core/platform/postgres/embedded/attach.ts';
import { onClient } from './database.ts';
import { knownCatalogueOf } from './shared-server.ts';
import { silentLog } from './silent-log.ts';
import { until } from './until.ts';

/**
 * How many photos filters have decided in a data folder (of one class each). Asks the server itself, since a command takes
 * a second, in which a small filter ends.
 */
export async function decidedOn(dataDir: string): Promise<number> {
  return withClient(dataDir, count);
}

export async function untilDecided(dataDir: string, moreThan: number, timeoutMs = 120_000): Promise<number> {
  return withClient(dataDir, async (client) => {
    let decided = 0;
    await until(async () => (decided = await count(client)) > moreThan, timeoutMs);
    return decided;
  });
}

/** Waits until a statement finds a row. The tables may not exist yet. It asks on one connection, because each is a process of the server. */
export async function untilRow(dataDir: string, statement: string): Promise<void> {
  await withClient(dataDir, async (client) =>
    until(() =>
      client.query(statement).then(
        ({ rowCount }) => rowCount !== 0,
        () => false,
      ),
    ),
  );
}

export async function inCatalogueOf(dataDir: string, statement: string): Promise<Record<string, string>[]> {
  return withClient(dataDir, async (client) => (await client.query(statement)).rows);
}

async function withClient<T>(dataDir: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const shared = knownCatalogueOf(dataDir);
  if (shared !== undefined) return onClient(shared, ask);
  const server = await attachEmbedded({ dataDir, clientName: 'test', log: silentLog });
  try {
    return await onClient(server.url, ask);
  } finally {
    await server.detach();
  }
}

async function count(client: Client): Promise<number> {
  const { rows } = await client.query('select count(*) from decision');
  return Number(rows[0]?.count);
}
