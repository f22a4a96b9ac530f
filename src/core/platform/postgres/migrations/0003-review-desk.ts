import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // The review queues depend on these columns. They are derived with the state.
  // reviewers: who has given a verdict. wanted: how many verdicts the photo needs without a second pass; 0: it is adjudicated.
  `alter table verdict
     add column reviewers text[] not null default '{}',
     add column wanted smallint not null default 1,
     add column tags text[] not null default '{}',
     add column is_flagged boolean not null default false`,
  // So far there were imports only, and nothing was undone.
  `update verdict v set
     reviewers = e.reviewers,
     wanted = case when e.is_unsure then least(cardinality(e.reviewers) + 1, 3) else 1 end
   from (
     select collection_id, wnid, sha256, array_agg(distinct reviewer) as reviewers,
       bool_or(value->>'verdict' = 'unsure') as is_unsure
     from review_event where kind = 'import' group by 1, 2, 3
   ) as e
   where e.collection_id = v.collection_id and e.wnid = v.wnid and e.sha256 = v.sha256`,

  // A photo that a tab (client) shows or will show next. Others do not get it before the lease ends. Unlogged: it holds for
  // the moment only.
  `create unlogged table review_lease (
     collection_id integer not null references collection on delete cascade,
     wnid text not null,
     sha256 bytea not null,
     reviewer text not null,
     client text not null,
     until timestamptz not null,
     primary key (collection_id, wnid, sha256)
   )`,
  `create index review_lease_client on review_lease (collection_id, client)`,

  // The last actions of a reviewer.
  `create index review_event_reviewer on review_event (collection_id, reviewer, id)`,
  // Deleting a collection deletes its events; each looks for those that undo it.
  `create index review_event_undoes on review_event (undoes) where undoes is not null`,

  // The criteria of the collection's owner.
  `create table review_criteria (
     collection_id integer primary key references collection on delete cascade,
     text text not null,
     changed_by text not null,
     changed_at timestamptz not null default now()
   )`,

  // Signs the sessions of browsers. Without the row all sessions end.
  `create table session_key (
     id boolean primary key default true check (id),
     secret bytea not null check (length(secret) = 32)
   )`,

  // 'display': photos that surely show their class, for reviewers to compare with.
  `alter table reference_set drop constraint reference_set_purpose_check`,
  `alter table reference_set add constraint reference_set_purpose_check check (purpose in ('leaks', 'display'))`,
];

/** Adds what several reviewers need who work on one collection. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
