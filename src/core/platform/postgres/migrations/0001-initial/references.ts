/**
 * Reference sets (for example ImageNet's own pictures), and the photos that are in them: leaks, which no collection keeps.
 */
export const REFERENCES = [
  // walk: its number marks the pictures that a walk sees, so that one that reaches its end knows which are gone.
  // ended_walk: the last walk that reached its end. Only such a walk looks for leaks and forgets deleted pictures.
  // completed_at: a set counts once a walk has reached its end. unreadable: how many pictures could not be read, by reason.
  `create table reference_set (
     id integer generated always as identity primary key,
     folder text not null,
     purpose text not null check (purpose in ('leaks')),
     distance smallint not null check (distance between 0 and 64),
     walk integer not null default 1,
     ended_walk integer not null default 0,
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
     fine_hash bytea not null check (length(fine_hash) = 255),
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
];
