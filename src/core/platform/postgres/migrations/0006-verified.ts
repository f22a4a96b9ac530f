import { sql, type Kysely } from 'kysely';

/** Adds what `winnow verify` found in the folder of a revision (`StoredVerification`); null: it has not looked. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table export_revision add column verified jsonb`.execute(db);
}
