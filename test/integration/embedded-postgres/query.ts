import { Client } from 'pg';
import type { EmbeddedPostgres } from '../../../src/platform/postgres/embedded/attach.ts';

/** The rows that a statement gives, on a connection of its own. */
export async function query(postgres: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new Client(postgres.connection);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
