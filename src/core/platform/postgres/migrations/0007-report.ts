import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // A model's result for the centre crop of a picture outside the catalogue: from a folder of clean photos, or of photos in the
  // distribution. top1: a position in the member's class list. output: the model's name for its features; null if it gives none.
  // scale, vector: as in `feature`.
  `create table outside_picture (
     member_id integer not null references member on delete cascade,
     sha256 bytea not null check (length(sha256) = 32),
     top1 smallint not null,
     top1_prob double precision not null,
     output text,
     scale real,
     vector bytea,
     primary key (member_id, sha256)
   )`,

  // The newest report of a collection, with its keys in their order. inputs: what it was asked for (`ReportInputs`).
  `create table report (
     collection_id integer primary key references collection on delete cascade,
     report json not null,
     inputs jsonb not null,
     made_at timestamptz not null default now()
   )`,
];

/** Adds what reports are made of. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
