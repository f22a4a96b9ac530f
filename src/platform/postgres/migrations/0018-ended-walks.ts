import { sql, type Kysely } from 'kysely';

/**
 * The last walk of a reference folder that reached its end: a later one that did not has held what it saw, but neither
 * looked for leaks nor forgotten what is gone.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS = [
  `alter table reference_set add column ended_walk integer not null default 0`,
  // A walk that ended has left nothing that it had not seen.
  `update reference_set s set ended_walk = s.walk - (
     exists (select 1 from reference_picture r where r.set_id = s.id and r.walk < s.walk))::integer
   where s.completed_at is not null`,
];
