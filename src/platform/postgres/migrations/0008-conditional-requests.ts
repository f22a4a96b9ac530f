import { sql, type Kysely } from 'kysely';

/**
 * What a file was when it was read, so that it is read again only once it has changed: robots.txt files, and the tables of
 * iNaturalist's open data, of which a walk also says how far it has come.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table robots add column etag text, add column last_modified text`,

  // One row a walk that goes on or that was interrupted (with tables of its own), and one for each that is done (without).
  // inputs_sha256 stands for all but the dump that decides what a walk finds; dump holds what identifies its files.
  // row_count: rows of the file that the stage reads that are dealt with; what is in the walk's tables beyond them is not.
  // plans: what is looked for, class by class, to be told again by a walk that goes on.
  // A walk from before these columns cannot be gone on with.
  `alter table open_data_walk
     add column inputs_sha256 bytea,
     add column dump jsonb not null default '{}',
     add column stage text not null default 'observations' check (stage in ('observations', 'observers', 'photos', 'done')),
     add column row_count bigint not null default 0,
     add column admitted jsonb not null default '{}',
     add column plans jsonb not null default '[]',
     add column updated_at timestamptz not null default now()`,
  `create index open_data_walk_collection on open_data_walk (collection)`,
];
