import { sql, type Kysely } from 'kysely';

/**
 * The catalogue: what was seen (picture, candidate), what is stored (photo), what models said (evidence), what follows
 * (decision) and what a person is shown (shortlist). ARCHITECTURE.md explains each record in a line.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `create table photo (
     id bigint generated always as identity primary key,
     sha256 bytea not null unique check (length(sha256) = 32),
     format text not null,
     width integer not null,
     height integer not null,
     bytes bigint not null,
     exif_orientation smallint not null,
     perceptual_hash bytea not null check (length(perceptual_hash) = 8),
     stored_at timestamptz not null default now()
   )`,

  // One row per (source, source id): its picture is fetched once, however many classes it is a candidate for.
  `create table picture (
     id bigint generated always as identity primary key,
     source text not null,
     source_id text not null,
     url text not null,
     page_url text,
     creator text,
     licence text not null,
     licence_url text,
     state text not null check (state in ('found', 'fetched', 'dropped', 'failed')),
     reason text,
     detail text,
     photo_id bigint references photo,
     found_at timestamptz not null default now(),
     settled_at timestamptz,
     unique (source, source_id),
     check ((state = 'fetched') = (photo_id is not null)),
     check ((state in ('dropped', 'failed')) = (reason is not null))
   )`,
  `create index picture_waiting on picture (id) where state = 'found'`,
  `create index picture_photo on picture (photo_id) where photo_id is not null`,

  // A refusal is the candidate's own (its class or licence is not wanted); everything else that can happen is the picture's.
  `create table candidate (
     id bigint generated always as identity primary key,
     picture_id bigint not null references picture on delete cascade,
     wnid text not null,
     refusal text,
     refusal_detail text,
     found_at timestamptz not null default now(),
     unique (picture_id, wnid)
   )`,
  `create index candidate_class on candidate (wnid, picture_id)`,

  `create table class_list (
     id integer generated always as identity primary key,
     sha256 bytea not null unique check (length(sha256) = 32),
     wnids text[] not null
   )`,

  // Who speaks in the evidence: a model's bytes, read through one version of the preprocessing, over one list of classes.
  `create table member (
     id integer generated always as identity primary key,
     model_sha256 bytea not null check (length(model_sha256) = 32),
     model_name text not null,
     preprocessing text not null,
     class_list_id integer not null references class_list,
     unique (model_sha256, preprocessing, class_list_id)
   )`,

  // top1 and true_classes are positions in the member's class list; logits are float32, little-endian, in its order.
  `create table evidence (
     photo_id bigint not null references photo,
     member_id integer not null references member,
     crop smallint not null check (crop between 0 and 9),
     top1 smallint not null,
     top1_prob double precision not null,
     true_classes smallint[] not null,
     true_probs double precision[] not null,
     logits bytea,
     primary key (photo_id, member_id, crop)
   )`,
  // Floating point numbers do not compress; trying costs time on every write.
  `alter table evidence alter column logits set storage external`,

  `create table collection (
     id integer generated always as identity primary key,
     name text not null unique,
     file_sha256 bytea not null,
     decision_sha256 bytea not null,
     definition jsonb not null,
     updated_at timestamptz not null default now()
   )`,

  // No row means undecided. A row whose decision_sha256 is not the collection's own was made under other rules: undecided too.
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
     primary key (collection_id, photo_id, wnid)
   )`,
  `create index decision_class on decision (collection_id, wnid, state)`,

  `create table shortlist (
     collection_id integer primary key references collection,
     cap integer not null,
     near_duplicate_distance integer not null,
     decision_sha256 bytea not null,
     built_at timestamptz not null default now()
   )`,
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
     max_true_prob double precision not null,
     confusion_prob double precision not null,
     also_in text[] not null,
     primary key (collection_id, wnid, photo_id)
   )`,
];
