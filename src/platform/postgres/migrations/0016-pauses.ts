import { sql, type Kysely } from 'kysely';

/**
 * What operators have paused, and what is in hand meanwhile. A pause is for one collection, or for every one. `draining`
 * is written by processes only while something is paused: jobs that they took before it. What it says is of the moment, so
 * it is unlogged.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table pause (
      id integer primary key generated always as identity,
      stage text not null check (stage in ('discover', 'fetch', 'filter')),
      collection_id integer references collection (id) on delete cascade,
      paused_by text not null,
      since timestamptz not null default now(),
      end_workers_at timestamptz
    )`.execute(db);
  await sql`create unique index pause_place on pause (stage, coalesce(collection_id, 0))`.execute(db);
  await sql`
    create unlogged table draining (
      process uuid not null,
      stage text not null,
      collection_id integer not null,
      jobs integer not null check (jobs > 0),
      seen_at timestamptz not null default clock_timestamp(),
      primary key (process, stage, collection_id)
    )`.execute(db);
}
