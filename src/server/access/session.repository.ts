import { sql, type Kysely } from 'kysely';
import type { Role } from '../../kernel/people.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { randomBytes } from 'node:crypto';

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

const KEY_BYTES = 32;

/** The key that signs the sessions of all servers on one catalogue. The first server creates it. */
export async function sessionKeyOf(db: Kysely<Database>): Promise<Buffer> {
  // If another server inserts at the same time, this waits for its commit. The next statement then sees its key.
  await sql`insert into session_key (secret) values (${randomBytes(KEY_BYTES)}) on conflict do nothing`.execute(db);
  const { rows } = await sql<{ secret: Buffer }>`select secret from session_key`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('Expected a key in the table session_key but it has no row');
  return row.secret;
}
