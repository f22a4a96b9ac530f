import { sql, type Kysely } from 'kysely';

/** In mode O a photo has no true class, so a shortlist entry no p(true). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table shortlist_entry alter column max_true_prob drop not null`.execute(db);
}
