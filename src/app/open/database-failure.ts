import { codeOf, messageOf, StopTheRun } from '../../kernel/errors.ts';

/** SQLSTATE of a full disk: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const DISK_FULL = '53100';
/**
 * The server shuts down, crashed, starts, has no connection to spare, cannot be reached, or has closed the connection of a
 * process that was stopped in the middle of a transaction: SQLSTATEs, and codes of the system's. A container that is stopped
 * loses its name, too, and a machine that is off answers nothing at all.
 */
const GONE = new Set([
  '25P03',
  '57P01',
  '57P02',
  '57P03',
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
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
/** What pg says, without a code, where the connection ended under a query, or was not made in time. */
const GONE_TEXT = /^Connection terminated|is not queryable$|^timeout expired$/;

/** What a failure of the database as such means for a run, or null if an error is none: code `disk-full` or `database-gone`. */
export function databaseFailure(error: unknown): StopTheRun | null {
  const code = codeOf(error) ?? '';
  const message = saidBy(error);
  if (code === DISK_FULL)
    return new StopTheRun(
      `Expected room for the catalogue but PostgreSQL said: ${message}; make room on its disk and run the command again, what is done stays done`,
      { code: 'disk-full', cause: error },
    );
  const gone =
    GONE.has(code) ||
    (code === '' && GONE_TEXT.test(message)) ||
    (code === 'ENOENT' && / connect |^connect /.test(message));
  if (!gone) return null;
  return new StopTheRun(
    `Expected PostgreSQL to stay within reach but received '${message}'; run the command again once it is back, what is done stays done`,
    { code: 'database-gone', cause: error },
  );
}

/** A name with several addresses fails with one error each, in a wrapper without a message of its own. */
function saidBy(error: unknown): string {
  return error instanceof AggregateError ? error.errors.map(messageOf).join(', ') : messageOf(error);
}

/** Why a run must end, or null if the work may be tried again: a connection may come back, a full disk stays full. */
export function fatalFailure(error: unknown): StopTheRun | null {
  if (error instanceof StopTheRun) return error;
  const failure = databaseFailure(error);
  return failure?.code === 'disk-full' ? failure : null;
}
