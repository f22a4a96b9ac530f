/** Progress of searches and walks, and what winnow owes to sites. It survives restarts and is shared by all workers. */
export const CRAWL = [
  // A plan is also a query: it asks which searches to make. There is one plan per source and class. Its `admitted` counts
  // the candidates of the class from that source, to which a limit applies.
  `create table query (
     id bigint generated always as identity primary key,
     source text not null,
     wnid text not null,
     kind text not null check (kind in ('plan', 'search')),
     key text not null,
     title text not null,
     params jsonb not null,
     cursor jsonb,
     pages integer not null default 0,
     state text not null default 'open' check (state in ('open', 'done', 'refused')),
     total bigint,
     seen bigint not null default 0,
     admitted bigint not null default 0,
     problems text[] not null default '{}',
     notes text[] not null default '{}',
     attempts integer not null default 0,
     not_before timestamptz,
     updated_at timestamptz not null default now()
   )`,
  `create unique index query_key on query (source, wnid, kind, md5(key))`,
  `create index query_open on query (source, id) where state = 'open'`,

  // One row per walk over iNaturalist's open data: under way, interrupted or done. A walk that is not done has tables of its
  // own, which are unlogged (walk.repository.ts): a shared table would have to forget tens of millions of rows one by one.
  // inputs_sha256: all but the dump that decides what a walk finds. dump: what identifies the dump's files.
  // row_count: rows of the file of this stage that are done. The walk's tables may hold rows beyond them; these do not count.
  // plans: what is looked for, by class, for reports of a walk that continues.
  `create table open_data_walk (
     id integer generated always as identity primary key,
     collection text not null,
     started_at timestamptz not null default now(),
     inputs_sha256 bytea,
     dump jsonb not null default '{}',
     stage text not null default 'observations' check (stage in ('observations', 'observers', 'photos', 'done')),
     row_count bigint not null default 0,
     admitted jsonb not null default '{}',
     plans jsonb not null default '[]',
     updated_at timestamptz not null default now()
   )`,
  `create index open_data_walk_collection on open_data_walk (collection)`,

  // permit.repository.ts explains the columns. Times are microseconds since the epoch by the server's clock; 0 means never.
  // The arrays hold amounts per bucket, newest first; seen_us falls into the first bucket. Every request rewrites a row, so
  // pages have free space for updates in place (that is why the key is the only index).
  `create table permit (
     key text primary key,
     seen_us bigint not null default 0,
     due_us bigint not null default 0,
     requests_day double precision[] not null default '{}',
     bytes_hour double precision[] not null default '{}',
     bytes_day double precision[] not null default '{}',
     held_until_us bigint not null default 0,
     hold_reason text,
     trips integer not null default 0,
     tripped_until_us bigint not null default 0,
     trip_reason text,
     probe_until_us bigint not null default 0,
     check ((trips > 0) = (tripped_until_us > 0))
   ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500)`,

  // The buckets at now_us: those that began after seen_us are empty, and the oldest are dropped.
  `create function permit_rolled(
     amounts double precision[], seen_us bigint, now_us bigint, bucket_us bigint, buckets integer
   ) returns double precision[] language sql immutable as $$
     select (array_fill(0::double precision, array[least(now_us / bucket_us - seen_us / bucket_us, buckets)::integer])
       || amounts)[1:buckets]
   $$`,
  `create function permit_used(amounts double precision[]) returns double precision language sql immutable as $$
     select coalesce(sum(amount), 0) from unnest(amounts) as amount
   $$`,
  // A place before the first bucket means that the clock was set back. Additions then count in the first bucket and
  // subtractions do not count: counts may err only in favour of the site. A place after the last bucket is over.
  `create function permit_added(amounts double precision[], place bigint, amount double precision)
   returns double precision[] language sql immutable as $$
     select case
       when place > greatest(cardinality(amounts), 1) or (place < 1 and amount < 0) then amounts
       else amounts[:greatest(place, 1)::integer - 1]
         || greatest(coalesce(amounts[greatest(place, 1)::integer], 0) + amount, 0)
         || amounts[greatest(place, 1)::integer + 1:]
     end
   $$`,

  // Times are milliseconds since the epoch by the workers' clocks; 0 means never.
  // body: the last robots.txt that the site sent; '' if it said that it has none, null if it never answered.
  // failure: the last failure, in the words of the closed list of reasons; null while the site answers.
  `create table robots (
     origin text primary key,
     body text,
     checked_ms bigint not null default 0,
     expires_ms bigint not null default 0,
     failing_since_ms bigint,
     retry_ms bigint not null default 0,
     claimed_until_ms bigint not null default 0,
     failure text,
     etag text,
     last_modified text
   )`,
];
