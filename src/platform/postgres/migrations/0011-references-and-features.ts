import { sql, type Kysely } from 'kysely';

/**
 * Reference sets (ImageNet's own pictures, say) and the photos that are in them: leaks, which no collection keeps. And
 * features: what a model's backbone makes of a photo, by which near-duplicates are found that hashes miss.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // A walk numbers the pictures that it sees, so that a complete one knows which are gone. Sets count once a walk was
  // complete; what is not readable is counted by reason.
  `create table reference_set (
     id integer generated always as identity primary key,
     folder text not null,
     purpose text not null check (purpose in ('leaks')),
     distance smallint not null check (distance between 0 and 64),
     walk integer not null default 1,
     unreadable jsonb not null default '{}',
     completed_at timestamptz,
     added_at timestamptz not null default now()
   )`,
  `create unique index reference_set_folder on reference_set (purpose, md5(folder))`,

  // Size and time of change (microseconds since the epoch) tell whether a file has to be read again.
  `create table reference_picture (
     id bigint generated always as identity primary key,
     set_id integer not null references reference_set on delete cascade,
     path text not null,
     bytes bigint not null,
     changed_us bigint not null,
     sha256 bytea not null check (length(sha256) = 32),
     perceptual_hash bytea not null check (length(perceptual_hash) = 8),
     walk integer not null
   )`,
  `create unique index reference_picture_path on reference_picture (set_id, md5(path))`,

  `create table leak (
     photo_id bigint not null references photo on delete cascade,
     set_id integer not null references reference_set on delete cascade,
     picture_id bigint not null references reference_picture on delete cascade,
     distance smallint not null,
     primary key (photo_id, set_id)
   )`,
  `create index leak_set on leak (set_id)`,
  `create index leak_picture on leak (picture_id)`,

  // What was decided before the photo turned out to be a leak, for when the reference set is removed.
  `alter table decision add column overruled jsonb`,

  `create table backbone (
     id integer generated always as identity primary key,
     model_sha256 bytea not null check (length(model_sha256) = 32),
     model_name text not null,
     preprocessing text not null,
     output text not null,
     unique (model_sha256, preprocessing, output)
   )`,
  // Of the centre crop: int16, little-endian, times scale.
  `create table feature (
     backbone_id integer not null references backbone,
     photo_id bigint not null references photo on delete cascade,
     scale real not null,
     vector bytea not null,
     primary key (backbone_id, photo_id)
   )`,
  // Does not compress; trying costs time on every write.
  `alter table feature alter column vector set storage external`,

  `alter table shortlist_entry add column twin_by text check (twin_by in ('hash', 'cosine'))`,
];
