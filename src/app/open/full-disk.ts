import { StopTheRun } from '../../kernel/errors.ts';
import { freeBytesOn } from '../../platform/disk/free-bytes.ts';
import { databaseFailure } from './database-failure.ts';

/** PostgreSQL grows its log by 16 MB at once. Where they have no room it ends, and its clients hear nothing of the disk. */
const HARDLY_ROOM_BYTES = 32_000_000;

/**
 * What a failure means for a run; of a database that is gone, whether a full disk may be why.
 *
 * @param dataDir the data folder that the database is in; null if it is elsewhere, where nobody here can look at its disk
 */
export async function toldFailure(cause: unknown, dataDir: string | null): Promise<unknown> {
  const failure = databaseFailure(cause);
  if (failure?.code !== 'database-gone' || dataDir === null) return failure ?? cause;
  const roomBytes = await freeBytesOn(dataDir).catch(() => Number.POSITIVE_INFINITY);
  if (roomBytes >= HARDLY_ROOM_BYTES) return failure;
  const room = `${(roomBytes / 1e6).toFixed(1)} MB`;
  return new StopTheRun(
    `${failure.message}; the disk of the data folder '${dataDir}' has ${room} left, which may be why: make room on it`,
    { code: 'database-gone', cause },
  );
}
