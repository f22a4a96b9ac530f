import { sql, type Kysely, type Transaction } from 'kysely';
import { onTestFinished } from 'vitest';
import type { Database } from '../../../../src/core/platform/postgres/database.ts';
import { candidate, fetched } from '../../../support/catalogue-fixtures.ts';

/**
 * 60,000 pictures wait until the end of the test, and PostgreSQL's statistics say that none does: they were just stored. Their
 * URLs are long, so that it is clearly cheaper to look up a hundred of them than to read the whole table.
 */
export async function withManyWaiting(db: Kysely<Database>): Promise<void> {
  await sql`alter table picture set (autovacuum_enabled = false)`.execute(db);
  await fetched(db, [candidate('a')], 'A');
  await sql`analyze picture`.execute(db);
  await sql`insert into picture (source, source_id, url, host, licence, state)
    select 'folder', 'waiting ' || n, 'https://example.org/' || repeat('x', 500) || n, 'example.org', 'unknown', 'found'
    from generate_series(1, 60000) as n`.execute(db);
  onTestFinished(async () => {
    // Much faster than the deletes before the next test.
    await sql`truncate picture cascade`.execute(db);
    await sql`alter table picture reset (autovacuum_enabled)`.execute(db);
  });
}

export async function picturesRead<T>(
  db: Kysely<Database>,
  work: (trx: Transaction<Database>) => Promise<T>,
): Promise<{ readonly result: T; readonly read: number }> {
  return db.transaction().execute(async (trx) => {
    const result = await work(trx);
    const { rows } = await sql<{ read: number }>`
      select seq_tup_read + idx_tup_fetch as read from pg_stat_xact_user_tables where relname = 'picture'`.execute(trx);
    return { result, read: rows[0]?.read ?? Number.NaN };
  });
}
