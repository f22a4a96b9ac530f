import { sql, type Kysely } from 'kysely';
import type { Database } from '../platform/postgres/database.ts';

/**
 * Whether more than so many pictures of a source wait to be fetched. Asked before each page of results: it looks at that
 * many entries of an index at most, however long the backlog is.
 */
export async function isBacklogAbove(db: Kysely<Database>, source: string, limit: number): Promise<boolean> {
  const { rows } = await sql<{ above: boolean }>`
    select exists (
      select 1 from picture where state = 'found' and source = ${source} order by id offset ${limit} limit 1) as above`.execute(
    db,
  );
  return rows[0]?.above ?? false;
}
