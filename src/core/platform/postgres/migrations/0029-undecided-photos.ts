import { sql, type Kysely } from 'kysely';

/** Adds which photos of a page are undecided, so that a filter finds its work without reading candidates. All pages are counted again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`delete from photo_scope`.execute(db);
  await sql`alter table photo_page add column undecided bigint[]`.execute(db);
}
