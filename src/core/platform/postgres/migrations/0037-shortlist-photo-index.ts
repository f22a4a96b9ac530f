import { sql, type Kysely } from 'kysely';

/** Finds the shortlists that have a photo: a gallery asks for each photo whether a blind review of another collection lists it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index shortlist_entry_photo on shortlist_entry (photo_id)`.execute(db);
}
