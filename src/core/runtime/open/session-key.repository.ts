import { randomBytes } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import type { Database } from '../../platform/postgres/database.ts';

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
