import { StopTheRun } from '../../kernel/errors.ts';
import { freeBytesOn } from '../../platform/disk/free-bytes.ts';
import { databaseFailure } from './database-failure.ts';

/** PostgreSQL extends its log by 16 MB at a time. If they do not fit, it ends without telling its clients about the disk. */
const HARDLY_ROOM_BYTES = 32_000_000;

/**
 * Converts an error to the one with which a run ends. If the database is gone, checks whether a full disk may be the reason.
 *
 * @param dataDir the data folder with the database; null if the database is elsewhere, so that its disk cannot be checked
 */
export async function toldFailure(cause: unknown, dataDir: string | null): Promise<unknown> {
  const failure = databaseFailure(cause);
  if (failure?.code !== 'database-gone' || dataDir === null) return failure ?? cause;
  const roomBytes = await freeBytesOn(dataDir).catch(() => Number.POSITIVE_INFINITY);
  if (roomBytes >= HARDLY_ROOM_BYTES) return failure;
  const room = `${(roomBytes / 1e6).toFixed(1)} MB`;
  return new StopTheRun(
    `${failure.message} The disk of the data folder '${dataDir}' has ${room} left, which may be the reason. Make room on it.`,
    { code: 'database-gone', cause },
  );
}
