import { sql, type Kysely } from 'kysely';

/** When the first of the pictures that wait for another try is due, without looking at all that wait. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index picture_waiting_retry on picture (not_before) where state = 'found' and not_before is not null`.execute(
    db,
  );
}
