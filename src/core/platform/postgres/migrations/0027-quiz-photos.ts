import { sql, type Kysely } from 'kysely';

/** Adds how many photos were asked for: as long as a person has no answer, a draw that found fewer is repeated. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table quiz_question add column photos integer not null default 100`.execute(db);
}
