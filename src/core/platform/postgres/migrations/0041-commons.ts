import { sql, type Kysely } from 'kysely';

/** Adds what Wikimedia Commons says about a file: the photo it is a copy of, restrictions other than copyright, and its size. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table picture add column origin text, add column restrictions text[],
      add column original_width int, add column original_height int`.execute(db);
  await sql`create index picture_origin on picture (origin) where origin is not null`.execute(db);
}
