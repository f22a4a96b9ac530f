/** Pictures and candidates that sources found, stored photos, and takedowns. */
export const PHOTOS = [
  `create table photo (
     id bigint generated always as identity primary key,
     sha256 bytea not null unique check (length(sha256) = 32),
     format text not null,
     width integer not null,
     height integer not null,
     bytes bigint not null,
     exif_orientation smallint not null,
     perceptual_hash bytea not null check (length(perceptual_hash) = 8),
     fine_hash bytea not null check (length(fine_hash) = 255),
     stored_at timestamptz not null default now(),
     bytes_state text not null default 'stored' check (bytes_state in ('stored', 'pruning', 'pruned')),
     pruned_at timestamptz,
     constraint photo_pruned_at check ((bytes_state = 'stored') = (pruned_at is null))
   )`,
  // 'pruning': the bytes are being deleted and may be gone. It is set before the deletion, so 'stored' always has bytes.
  `create index photo_pruned on photo (id) where bytes_state <> 'stored'`,
  `create index photo_pruning on photo (id) where bytes_state = 'pruning'`,

  // One row per (source, source id). Its photo is fetched once, even if it is a candidate for several classes.
  // host: the host that serves the picture, for spacing requests; '' for a picture on disk.
  // refetch_photo_id: the photo whose pruned bytes a waiting picture will bring back.
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
     host text not null default '',
     attempts integer not null default 0,
     not_before timestamptz,
     refetch_photo_id bigint references photo on delete set null,
     unique (source, source_id),
     check ((state = 'fetched') = (photo_id is not null)),
     check ((state in ('dropped', 'failed')) = (reason is not null))
   )`,
  `create index picture_photo on picture (photo_id) where photo_id is not null`,
  `create index picture_refetch on picture (refetch_photo_id) where refetch_photo_id is not null`,
  // Before each page winnow counts the waiting pictures of a source, from this index alone.
  `create index picture_waiting on picture (source, id) where state = 'found'`,
  // The fetch order of a host's pictures: those never tried come first (fetch-queue.repository.ts).
  `create index picture_waiting_lane on picture (host, attempts, id) where state = 'found'`,
  // When the next retry is due.
  `create index picture_waiting_retry on picture (not_before) where state = 'found' and not_before is not null`,

  // If a pruned photo cannot be fetched again, its picture stays the picture of that photo.
  `create function picture_refetched() returns trigger language plpgsql as $$
     begin
       if new.state in ('dropped', 'failed') and new.reason <> 'taken-down' then
         new.detail := 'could not be fetched again: ' || new.reason || coalesce(' (' || new.detail || ')', '');
         new.state := 'fetched';
         new.reason := null;
         new.photo_id := old.refetch_photo_id;
       end if;
       new.refetch_photo_id := null;
       return new;
     end $$`,
  `create trigger picture_refetched before update on picture for each row
     when (old.refetch_photo_id is not null and new.state <> 'found') execute function picture_refetched()`,

  // A refusal belongs to the candidate (its class or licence is not wanted). Everything else belongs to the picture.
  `create table candidate (
     id bigint generated always as identity primary key,
     picture_id bigint not null references picture on delete cascade,
     wnid text not null,
     refusal text,
     refusal_detail text,
     found_at timestamptz not null default now(),
     query_id bigint references query on delete set null,
     unique (picture_id, wnid)
   )`,
  `create index candidate_class on candidate (wnid, picture_id)`,
  `create index candidate_query on candidate (query_id) where query_id is not null`,

  // Pictures that must never come back, by bytes, place at a source, or URL. Rows are never deleted.
  `create table takedown (
     id bigint generated always as identity primary key,
     sha256 bytea,
     source text,
     source_id text,
     url text,
     reason text not null,
     created_at timestamptz not null default now(),
     check (sha256 is not null or url is not null or source is not null and source_id is not null)
   )`,
  `create unique index takedown_bytes on takedown (sha256) where sha256 is not null`,
  `create index takedown_place on takedown (source, source_id) where source_id is not null`,
  `create index takedown_url on takedown (md5(url)) where url is not null`,

  // Bytes that a source sends instead of many pictures: an image that says that a picture is gone.
  `create table notice (
     source text not null,
     sha256 bytea not null check (length(sha256) = 32),
     pictures integer not null,
     noted_at timestamptz not null default now(),
     primary key (source, sha256)
   )`,
];
