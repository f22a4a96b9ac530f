import type { EmbeddedPostgres } from '../../../../../src/core/platform/postgres/embedded/attach.ts';
import { SteadyClient } from '../../../../../src/core/platform/postgres/steady-client.ts';

/** The rows of a statement, on its own connection. If the server goes away, the promise rejects and nothing else happens. */
export async function query(postgres: EmbeddedPostgres, sql: string): Promise<unknown[]> {
  const client = new SteadyClient(postgres.url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
