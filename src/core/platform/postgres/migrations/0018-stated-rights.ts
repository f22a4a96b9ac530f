import { sql, type Kysely } from 'kysely';

/**
 * Adds whose statement the rights of a picture are. `curator`: the source gives no licence, and `licence`, `licence_url` and
 * `creator` are what the curator stated. `source_creator` is then the creator that the source names.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table picture
      add column rights_by text not null default 'source' check (rights_by in ('source', 'curator')),
      add column source_creator text`.execute(db);
}
