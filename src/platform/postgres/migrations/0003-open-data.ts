import { sql, type Kysely } from 'kysely';

/**
 * Walks over iNaturalist's open data. The tables of a walk are its own, are not logged and go with it
 * (open-data.repository.ts makes them): tens of millions of rows that a shared table would have to forget row by row.
 * This one says which there are, so that what a killed process left can be dropped.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table open_data_walk (
      id integer generated always as identity primary key,
      collection text not null,
      started_at timestamptz not null default now()
    )`.execute(db);
}
