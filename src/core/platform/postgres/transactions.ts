import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from './database.ts';

/**
 * PostgreSQL ends a transaction, and releases its locks, when the process sends nothing for this long. A process may be
 * stopped (SIGSTOP, a frozen container, swapped out) in a transaction while others wait for its locks. It is shorter than
 * the 15 s after which the queue gives its jobs to others, so that they find no lock.
 */
export const IDLE_IN_TRANSACTION_MS = 10_000;

/** The limit for transactions where the process itself works between two statements. */
const LONG_IDLE_MS = 300_000;

/** Lets a transaction idle for five minutes instead of ten seconds. Others wait that long for its locks if the process is stopped. */
export async function allowLongIdle(trx: Transaction<Database>): Promise<void> {
  await sql.raw(`set local idle_in_transaction_session_timeout = ${LONG_IDLE_MS}`).execute(trx);
}

/** Reads one snapshot of the catalogue, unaffected by concurrent writes. It locks no rows, so no writer waits for it. */
export function readSnapshot<T>(db: Kysely<Database>, read: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      await allowLongIdle(trx);
      return read(trx);
    });
}

/** For a transaction that compares half a million rows, to write no temporary files. The default is 4 MB. */
export async function allowMoreMemory(trx: Transaction<Database>): Promise<void> {
  await sql`set local work_mem = '64MB'`.execute(trx);
}

/** The SQLSTATE of a statement that took longer than the time limit: `query_canceled`. */
export const STATEMENT_ENDED = '57014';

/** Ends each further statement of the transaction that takes longer, with `STATEMENT_ENDED`. */
export async function limitStatements(trx: Transaction<Database>, limitMs: number): Promise<void> {
  await sql.raw(`set local statement_timeout = ${limitMs}`).execute(trx);
}

/** Runs `work` while a separate connection holds an advisory lock, without a row or transaction. Others wait. */
export async function withAdvisoryLock<T>(
  db: Kysely<Database>,
  [kind, id]: readonly [number, number],
  work: () => Promise<T>,
): Promise<T> {
  return db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${kind}::int, ${id}::int)`.execute(connection);
    try {
      return await work();
    } finally {
      // If the connection is lost, its lock is released.
      await sql`select pg_advisory_unlock(${kind}::int, ${id}::int)`.execute(connection).catch(() => {});
    }
  });
}

const KEEP_EVERY_MS = 60_000;

/**
 * Runs `work` unless another process holds the lock; then returns null. The lock ends with this process, or five minutes after
 * the process was stopped (SIGSTOP). If the connection is lost, the work may run twice, and beside that of another process.
 */
export async function ifLockIsFree<T>(
  db: Kysely<Database>,
  [kind, id]: readonly [number, number],
  work: () => Promise<T>,
): Promise<T | null> {
  return db.transaction().execute(async (trx) => {
    await allowLongIdle(trx);
    const { rows } = await sql<{ held: boolean }>`
      select pg_try_advisory_xact_lock(${kind}::int, ${id}::int) as held`.execute(trx);
    if (rows[0]?.held !== true) return null;
    // A lost connection is reported at the end of the transaction.
    const timer = setInterval(() => void sql`select`.execute(trx).catch(() => undefined), KEEP_EVERY_MS);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  });
}
