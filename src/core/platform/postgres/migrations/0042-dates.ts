import { sql, type Kysely } from 'kysely';

/** Adds the days on which photos were taken and uploaded, and the first day of upload that a search asks for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table picture add column taken_at date, add column uploaded_at date`.execute(db);
  await sql`alter table query add column since date`.execute(db);
}
