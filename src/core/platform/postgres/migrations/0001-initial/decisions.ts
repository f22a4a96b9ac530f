/** Decisions and shortlists of collections, and stages that operators have paused. */
export const DECISIONS = [
  `create table collection (
     id integer generated always as identity primary key,
     name text not null unique,
     file_sha256 bytea not null,
     decision_sha256 bytea not null,
     definition jsonb not null,
     updated_at timestamptz not null default now()
   )`,

  // No row means undecided. So does a row made under other rules: its decision_sha256 differs from the collection's.
  // overruled: the row as it was before the photo turned out to be a leak, for when the reference set is removed.
  `create table decision (
     collection_id integer not null references collection,
     photo_id bigint not null references photo,
     wnid text not null,
     state text not null check (state in ('kept', 'dropped', 'failed')),
     reason text,
     detail text,
     max_true_prob double precision,
     is_lower_bound boolean not null,
     member_id integer references member,
     crop smallint,
     confusion_wnid text,
     confusion_prob double precision,
     decision_sha256 bytea not null,
     decided_at timestamptz not null default now(),
     overruled jsonb,
     primary key (collection_id, photo_id, wnid)
   )`,
  `create index decision_class on decision (collection_id, wnid, state)`,
  // Kept photos by their confusion, for the shortlist: a tenth of all decisions.
  `create index decision_kept on decision (collection_id, decision_sha256, wnid, confusion_wnid) where state = 'kept'`,

  `create table shortlist (
     collection_id integer primary key references collection,
     cap integer not null,
     near_duplicate_distance integer not null,
     decision_sha256 bytea not null,
     built_at timestamptz not null default now()
   )`,
  // max_true_prob: null in mode O, where a photo has no true class.
  `create table shortlist_entry (
     collection_id integer not null references shortlist on delete cascade,
     wnid text not null,
     photo_id bigint not null references photo,
     position integer not null,
     rank integer,
     state text not null check (state in ('listed', 'left-out')),
     reason text,
     twin_photo_id bigint references photo,
     confusion_wnid text not null,
     max_true_prob double precision,
     confusion_prob double precision not null,
     also_in text[] not null,
     twin_by text check (twin_by in ('hash', 'cosine')),
     primary key (collection_id, wnid, photo_id)
   )`,

  // A pause is for one collection, or for every one.
  `create table pause (
     id integer primary key generated always as identity,
     stage text not null check (stage in ('discover', 'fetch', 'filter')),
     collection_id integer references collection (id) on delete cascade,
     paused_by text not null,
     since timestamptz not null default now(),
     end_workers_at timestamptz
   )`,
  `create unique index pause_place on pause (stage, coalesce(collection_id, 0))`,
  // Jobs that processes took before a pause and have not finished. Written only during a pause, and unlogged since it holds
  // for the moment only.
  `create unlogged table draining (
     process uuid not null,
     stage text not null,
     collection_id integer not null,
     jobs integer not null check (jobs > 0),
     seen_at timestamptz not null default clock_timestamp(),
     primary key (process, stage, collection_id)
   )`,
];
