import { sql, type Kysely } from 'kysely';

/** Pictures in the order in which a host is asked for them, and why a robots.txt cannot be had. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  // Those that were never tried first: see fetch-queue.repository.ts.
  `create index picture_waiting_lane on picture (host, attempts, id) where state = 'found'`,
  `drop index picture_waiting_host`,

  // What the last failure was, in the words of the closed list of reasons; null while the host answers.
  `alter table robots add column failure text`,
];
