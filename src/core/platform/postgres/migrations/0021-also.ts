import { sql, type Kysely } from 'kysely';

/** Review events that name further classes of a photo. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table review_event drop constraint review_event_kind_check`.execute(db);
  await sql`
    alter table review_event add constraint review_event_kind_check
      check (kind in ('verdict', 'also', 'tag', 'note', 'flag', 'undo', 'redo', 'adjudicate', 'import'))`.execute(db);
}
