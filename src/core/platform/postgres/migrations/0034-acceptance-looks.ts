import { sql, type Kysely } from 'kysely';

const STATEMENTS = [
  // The plans of inspections, and the looks that were taken. Each draw of the second pass has a row, and the last one counts. salt: part of what is hashed for the draw; '' for the first one. max_label_error: null until a limit is set.
  // taken: for each look the hash of the photos that it saw, in order.
  `create table acceptance_plan (
     collection_id integer not null references collection on delete cascade,
     draw integer not null check (draw > 0),
     salt text not null,
     max_label_error double precision,
     confidence double precision not null,
     looks integer not null check (looks > 0),
     taken text[] not null default '{}',
     at timestamptz not null default clock_timestamp(),
     primary key (collection_id, draw)
   )`,
  // True if the photo had its second verdict before the last draw, which could not draw it.
  `alter table verdict add column is_inspected boolean not null default false`,
];

/** Stores plans of acceptance, the looks that were taken, and further draws of the second pass. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
