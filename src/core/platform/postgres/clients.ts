import { sql, type Kysely } from 'kysely';
import type { Database } from './database.ts';

/** Each process that uses a catalogue names its connections `winnow <command> <pid> <machine>`. */

/** The names of our other connections to this database, each once. */
export async function otherClients(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select distinct application_name as name from pg_stat_activity
    where datname = current_database() and application_name like 'winnow %' and application_name <> current_setting('application_name')
    order by name`.execute(db);
  return rows.map(({ name }) => name);
}

/** Cancels the statements that run on this process's other connections. Each fails. */
export async function cancelStatements(db: Kysely<Database>): Promise<void> {
  await sql`
    select pg_cancel_backend(pid) from pg_stat_activity
    where application_name = current_setting('application_name') and pid <> pg_backend_pid() and state = 'active'`.execute(
    db,
  );
}

/** `18.4` */
export async function serverVersion(db: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{ version: string }>`select current_setting('server_version') as version`.execute(db);
  return rows[0]?.version ?? '?';
}

/** The cluster's own id and the id of the database in it: the same for every address that reaches it. */
export async function identityOf(db: Kysely<Database>): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    select system_identifier || '-' || (select oid from pg_database where datname = current_database()) as id
    from pg_control_system()`.execute(db);
  return rows[0]?.id ?? '';
}
