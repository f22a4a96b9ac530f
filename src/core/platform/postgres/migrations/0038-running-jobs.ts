import { sql, type Kysely } from 'kysely';

/** Processes report the jobs that they run at all times, not only those that they still run for a paused stage. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table draining rename to running_jobs`.execute(db);
}
