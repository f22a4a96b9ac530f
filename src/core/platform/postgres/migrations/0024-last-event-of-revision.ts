import { sql, type Kysely } from 'kysely';

/** Adds the id of the last review event that a revision has, because imported events have times of before. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table export_revision add column last_event bigint not null default 0`.execute(db);
  await sql`
    update export_revision e set last_event = coalesce(
      (select max(id) from review_event v where v.collection_id = e.collection_id and v.at <= e.made_at), 0)`.execute(
    db,
  );
}
