import { sql, type Kysely } from 'kysely';

/** Adds the concepts below one of the 1,000 classes whose photos a collection of mode O takes, by wnid. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table collection add column allowed_hyponyms text[] not null default '{}'`.execute(db);
}
