import { sql, type Kysely } from 'kysely';

/** What processes work on at the moment, so that it is known what one that dies had in hand; and what came of that. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // A row is its connection's: when PostgreSQL has lost that, its process is dead. Unlogged, since a crash of the server is
  // nobody's fault, and so that writing it waits for no disk.
  `create unlogged table in_hand (
     id bigint generated always as identity primary key,
     backend_pid integer not null,
     backend_start timestamptz not null,
     work text not null,
     items text[] not null)`,

  // What was in hand when a process died. Each entry of deaths: a process that had nothing but this in hand died, too.
  `create table suspect (
     item text not null,
     work text not null,
     deaths jsonb not null default '[]' check (jsonb_typeof(deaths) = 'array'),
     since timestamptz not null default now(),
     primary key (item, work))`,
];
