import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';

/**
 * True if more than `limit` pictures of a source wait to be fetched. It runs before each page of results, so it reads at most
 * that many entries of an index, however long the backlog is.
 */
export async function isBacklogAbove(db: Kysely<Database>, source: string, limit: number): Promise<boolean> {
  const { rows } = await sql<{ above: boolean }>`
    select exists (
      select 1 from picture where state = 'found' and source = ${source} order by id offset ${limit} limit 1) as above`.execute(
    db,
  );
  return rows[0]?.above ?? false;
}
