import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // A frozen selection of a collection. It is never changed; exporting the same again finds the row.
  // revision: the id of the protocol. path: where it was last written.
  `create table export_revision (
     id integer generated always as identity primary key,
     collection_id integer not null references collection on delete cascade,
     revision bytea not null check (length(revision) = 32),
     photos integer not null,
     classes integer not null,
     bytes bigint not null,
     protocol jsonb not null,
     path text not null,
     made_at timestamptz not null default now(),
     unique (collection_id, revision)
   )`,

  // Every photo that was listed or reviewed when a revision was made. reason: why it was left out; null: the revision has it.
  // It holds the hash, not the id of the photo: a photo that is taken down leaves its tombstone.
  `create table export_photo (
     export_id integer not null references export_revision on delete cascade,
     wnid text not null,
     sha256 bytea not null,
     folder text,
     reason text,
     primary key (export_id, wnid, sha256)
   )`,
  // A takedown asks which revisions have a photo.
  `create index export_photo_bytes on export_photo (sha256) where folder is not null`,
];

/** Adds the revisions that were exported. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
