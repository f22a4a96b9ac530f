import { sql, type Kysely } from 'kysely';

/** Finds the collections that have controls, and the questions of a person: each request of a page asks for both. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index shortlist_entry_control on shortlist_entry (collection_id) where state = 'control'`.execute(
    db,
  );
  await sql`create index quiz_question_reviewer on quiz_question (reviewer)`.execute(db);
}
