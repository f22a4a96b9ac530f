import { sql, type Kysely } from 'kysely';

/** Adds how many distinct photos a counted page has. All pages are counted again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`delete from photo_scope`.execute(db);
  await sql`alter table photo_page add column photos int not null`.execute(db);
}
