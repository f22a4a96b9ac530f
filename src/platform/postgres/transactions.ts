import { sql, type Kysely, type Transaction } from 'kysely';
import type { Database } from './database.ts';

/**
 * PostgreSQL ends a transaction whose process sends nothing for so long, and frees its locks. A process may be stopped
 * (SIGSTOP, a frozen container, swapped out) in the middle of a transaction, and others wait for its locks. Shorter than
 * the 15 s after which the queue gives its jobs to others, so that they find no lock left.
 */
export const IDLE_IN_TRANSACTION_MS = 10_000;

/** The same for transactions in which the process itself works between two statements. */
const LONG_IDLE_MS = 300_000;

/** Lets a transaction idle for five minutes instead of ten seconds. Others wait that long for its locks if the process is stopped. */
export async function allowLongIdle(trx: Transaction<Database>): Promise<void> {
  await sql.raw(`set local idle_in_transaction_session_timeout = ${LONG_IDLE_MS}`).execute(trx);
}

/** Reads one state of the catalogue, whatever is written at the same time. It cannot lock rows, so no writer waits for it. */
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
