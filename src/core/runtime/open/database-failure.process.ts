import { RULES_DIFFER } from '../../collection/collection.repository.ts';
import { codeOf, messageOf, StopTheRun, UsageError, type WinnowError } from '../../kernel/errors.ts';
import { freeBytesOn } from '../../platform/disk/full-disk.ts';

/** SQLSTATE of a full disk: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DISK_FULL = '53100';
/**
 * SQLSTATEs and system error codes that mean that the server is gone: it shuts down, crashed, starts, has no free connection,
 * cannot be reached, or has closed the connection of a process that was stopped in a transaction. The host name of a stopped
 * container does not resolve, and a machine that is off does not answer.
 */
const GONE = new Set([
  '25P03',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** The first two characters of the SQLSTATEs of failed connections. */
const CONNECTION_CLASS = '08';
/** Messages of pg without a code, for a connection that ended during a query or could not be opened in time. */
const GONE_TEXT = /^Connection terminated|is not queryable$|^timeout expired$/;

/** The error with which to end a run after a failure of the database: code `disk-full` or `database-gone`. Null for other errors. */
export function databaseFailure(error: unknown): StopTheRun | null {
  const code = codeOf(error) ?? '';
  const message = messageOf(error);
  if (code === DISK_FULL)
    return new StopTheRun(
      `The disk of the catalogue is full: ${message}. Make room on PostgreSQL's disk and run the command again. Finished work is kept.`,
      { code: 'disk-full', cause: error },
    );
  const gone =
    GONE.has(code) ||
    code.startsWith(CONNECTION_CLASS) ||
    (code === '' && GONE_TEXT.test(message)) ||
    (code === 'ENOENT' && / connect |^connect /.test(message));
  if (!gone) return null;
  return new StopTheRun(
    `PostgreSQL is unreachable: ${message}. Run the command again when it is back. Finished work is kept.`,
    { code: 'database-gone', cause: error },
  );
}

/** The error with which a run must end, or null if the work may be retried. A connection may come back; a full disk stays full. */
export function fatalFailure(error: unknown): WinnowError | null {
  if (error instanceof StopTheRun || (error instanceof UsageError && error.code === RULES_DIFFER)) return error;
  const failure = databaseFailure(error);
  return failure?.code === 'disk-full' ? failure : null;
}

/** PostgreSQL extends its log by 16 MB at a time. If they do not fit, it ends without telling its clients about the disk. */
const HARDLY_ROOM_BYTES = 32_000_000;

/** The error with which a run ends. If the database is gone, the disk of `dataDir` may be full (null if it is elsewhere). */
export async function explainFailure(cause: unknown, dataDir: string | null): Promise<unknown> {
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
