import { sql, type Kysely } from 'kysely';
import type { Role } from '../../../core/kernel/people.ts';
import type { Database } from '../../../core/platform/postgres/database.ts';

export interface OpenSession {
  /** 64 hex digits. */
  readonly id: string;
  readonly role: Role;
  /** Null for everybody who shares the token of the role. */
  readonly name: string | null;
  readonly place: string;
  readonly since: Date;
  readonly until: Date;
}

/** Stores a session, and removes those that are over. */
export async function storeSession(db: Kysely<Database>, session: Omit<OpenSession, 'since'>): Promise<void> {
  const { id, role, name, place, until } = session;
  await sql`
    with gone as (delete from session where until < now())
    insert into session (id, role, name, place, until)
    values (${Buffer.from(id, 'hex')}, ${role}, ${name}, ${place}, ${until}) on conflict do nothing`.execute(db);
}

export async function openSessions(db: Kysely<Database>): Promise<OpenSession[]> {
  const { rows } = await sql<OpenSession>`
    select encode(id, 'hex') as id, role, name, place, since, until from session
    where until >= now() order by since desc, id`.execute(db);
  return rows;
}

/** The ids of the sessions that have not been ended. The browser's copy says until when a session lasts. */
export async function openSessionIds(db: Kysely<Database>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ id: string }>`select encode(id, 'hex') as id from session`.execute(db);
  return new Set(rows.map(({ id }) => id));
}

export async function endSessions(db: Kysely<Database>, ids: readonly string[]): Promise<OpenSession[]> {
  const { rows } = await sql<OpenSession>`
    delete from session where encode(id, 'hex') = any(${ids}::text[])
    returning encode(id, 'hex') as id, role, name, place, since, until`.execute(db);
  return rows;
}
