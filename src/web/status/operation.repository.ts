import { sql, type Kysely } from 'kysely';
import { OPERATIONS, type LastOperation } from '../../core/kernel/operation.ts';
import type { Activity, LoggedActivity } from '../../core/kernel/activity.ts';
import type { Database } from '../../core/platform/postgres/database.ts';
import { onlyRow } from '../../core/platform/postgres/query.ts';
import { listActivity } from '../../core/runtime/activity/activity.repository.ts';

/** First key of the advisory lock that a server holds while an operation runs. The second is the collection's id. */
export const OPERATION_LOCK = 0x57_4e_4f;
/** Pages show none that ended before. Also bounds what is read of the activity log. */
const SHOWN_MS = 7 * 86_400_000;

export interface OfCollection {
  readonly collection: string;
  readonly collectionId: number;
}

/** Reads the operation of a collection that any server started last; null if there is none. The activity log is the record. */
export async function readLastOperation(
  db: Kysely<Database>,
  { collection, collectionId }: OfCollection,
): Promise<LastOperation | null> {
  // The lock is taken before the begin is recorded, and released after the end is. So it is read before the record and after it.
  const wasHeld = await isLocked(db, collectionId);
  const since = shownSince(wasHeld);
  const lastOf = async (action: Activity): Promise<LoggedActivity | undefined> =>
    (await listActivity(db, { action, collection, since, limit: 1 }))[0];
  const last = await lastOf('run-command');
  const operation = OPERATIONS.find((known) => known === last?.detail['command']);
  if (last === undefined || operation === undefined) return null;
  const stop = await lastOf('stop-command');
  const { id, who, at, endedAt, detail } = last;
  const stoppedBy = stop?.detail['of'] === id ? stop.who : null;
  const { reason, server, flags } = detail;
  const isHeld = wasHeld || (last.outcome === null && (await isLocked(db, collectionId)));
  // A server that was killed has recorded no end, and its lock is free.
  const unended = !isHeld ? 'interrupted' : stoppedBy === null ? 'running' : 'stopping';
  return {
    id,
    operation,
    who,
    at,
    endedAt,
    stoppedBy,
    state: last.outcome ?? unended,
    flags: Array.isArray(flags) ? flags.map(String) : [],
    reason: typeof reason === 'string' ? reason : null,
    server: String(server),
  };
}

/** A command that runs is shown, however long it runs. */
function shownSince(isHeld: boolean): Date | undefined {
  return isHeld ? undefined : new Date(Date.now() - SHOWN_MS);
}

async function isLocked(db: Kysely<Database>, collectionId: number): Promise<boolean> {
  const read = await sql<{ isHeld: boolean }>`
    select exists (select 1 from pg_locks where locktype = 'advisory' and classid = ${OPERATION_LOCK} and objid = ${collectionId}
      and granted and database = (select oid from pg_database where datname = current_database())) as "isHeld"`.execute(
    db,
  );
  return onlyRow(read).isHeld;
}
