import { sql, type Kysely } from 'kysely';

/**
 * Network sources: what is asked for and how far each query has come, which host a picture is fetched from and when it
 * is tried again, and what was taken down for good.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // A plan is a query, too: the one that asks what to ask for. There is one a source and class; its `admitted` counts
  // the candidates of the class from that source, which is what a limit is held against.
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

  `alter table candidate add column query_id bigint references query on delete set null`,
  `create index candidate_query on candidate (query_id) where query_id is not null`,

  // The host that serves the picture: fetching is spaced by it. '' for what is on disk.
  `alter table picture add column host text not null default ''`,
  `alter table picture add column attempts integer not null default 0`,
  `alter table picture add column not_before timestamptz`,
  `create index picture_waiting_host on picture (host, id) where state = 'found'`,

  // What must never come back: by its bytes, its place at a source, or its URL. Rows stay for ever.
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
];
