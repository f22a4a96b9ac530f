import { sql, type Kysely } from 'kysely';

/** Adds what sites and files say about the use of a picture by machines, as it came. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table picture add column signals text[]`.execute(db);
}
