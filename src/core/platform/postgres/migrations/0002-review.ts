import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // Actions of reviewers, never changed or deleted. A photo is named by its bytes, so that its history outlives a takedown.
  // undoes: the event that an undo takes back, or the undo that a redo takes back.
  `create table review_event (
     id bigint generated always as identity primary key,
     collection_id integer not null references collection on delete cascade,
     sha256 bytea not null,
     wnid text not null,
     reviewer text not null,
     client text not null,
     sequence integer not null check (sequence > 0),
     kind text not null check (kind in ('verdict', 'tag', 'note', 'flag', 'undo', 'redo', 'adjudicate', 'import')),
     value jsonb,
     undoes bigint references review_event on delete cascade,
     at timestamptz not null default clock_timestamp(),
     unique (collection_id, client, sequence)
   )`,
  `create index review_event_photo on review_event (collection_id, wnid, sha256, id)`,

  // The state that follows from a photo's events. The transaction that appends an event derives it again.
  `create table verdict (
     collection_id integer not null references collection on delete cascade,
     wnid text not null,
     sha256 bytea not null,
     state text not null default 'unreviewed' check (state in ('unreviewed', 'accepted', 'rejected', 'unsure', 'disputed')),
     reason text,
     primary key (collection_id, wnid, sha256)
   )`,
];

/** Adds the reviews of photos. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
