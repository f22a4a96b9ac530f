import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // Who did what, when, from where. Rows are only ever added. Longer work has a row for its start and one for its end (ends:
  // the row of the start). A row without an end belongs to work that runs still or was killed.
  // who: a person or a role; for a command the user of the system. place: an address, or a machine with the id of a process.
  // collection: its name, so that the row outlives the collection.
  `create table activity (
     id bigint generated always as identity primary key,
     at timestamptz not null default clock_timestamp(),
     who text not null,
     place text not null,
     action text not null,
     collection text,
     detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
     outcome text check (outcome in ('done', 'failed', 'interrupted')),
     ends bigint references activity
   )`,
  `create index activity_at on activity (at)`,
  `create unique index activity_ends on activity (ends) where ends is not null`,
  `create function refuse_to_change_activity() returns trigger language plpgsql as $$
   begin
     raise exception 'Rows of the table activity are only ever added, but a statement tried %', tg_op
       using errcode = 'restrict_violation';
   end $$`,
  `create trigger activity_only_grows before update or delete or truncate on activity
     for each statement execute function refuse_to_change_activity()`,

  // The sessions of browsers that are open. A session without its row is over. id: the SHA-256 of what the browser keeps.
  // name: null for everybody who shares the token of the role.
  `create table session (
     id bytea primary key check (length(id) = 32),
     role text not null,
     name text,
     place text not null,
     since timestamptz not null default clock_timestamp(),
     until timestamptz not null
   )`,
];

/** Adds the activity log, and the list of open sessions. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
