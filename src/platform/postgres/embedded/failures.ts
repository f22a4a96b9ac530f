import { statfs } from 'node:fs/promises';
import { StopTheRun, UsageError, WinnowError, codeOf, messageOf } from '../../../kernel/errors.ts';
import type { Outcome } from './program.ts';

/** Below this PostgreSQL cannot even write its pid file and first log lines. */
const NO_ROOM_BYTES = 1_048_576;

/** The error to show for what went wrong on the folder `path`; anything not known is returned as it is. */
export function explained(error: unknown, path: string): unknown {
  if (error instanceof WinnowError) return error;
  const code = codeOf(error) ?? '';
  return byCode(code, path, error) ?? error;
}

/** The same for a program that failed: `what` is its name, `words` what it (or the server's log) said. */
export async function programFailure(what: string, outcome: Outcome, at: { path: string; words: string }) {
  const cause = new Error(outcome.output);
  const known = byCode(await codeOfWords(`${outcome.output}\n${at.words}`, at.path), at.path, cause);
  if (known !== undefined) return known;
  const ending = outcome.timedOut ? 'was still at work when its time was up' : `ended with code ${outcome.exitCode}`;
  return new StopTheRun(
    `Expected ${what} to succeed for the embedded PostgreSQL in '${at.path}' but it ${ending}; it said:\n${at.words}`,
    { code: 'postgres-does-not-start', cause },
  );
}

async function codeOfWords(words: string, path: string): Promise<string> {
  if (/No space left on device/i.test(words)) return 'ENOSPC';
  if (/Disk quota exceeded/i.test(words)) return 'EDQUOT';
  if (/Read-only file system/i.test(words)) return 'EROFS';
  if (/Permission denied/i.test(words)) return 'EACCES';
  // On a full disk the server's log may hold no line that says so.
  const room = await statfs(path).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => Number.POSITIVE_INFINITY,
  );
  return room < NO_ROOM_BYTES ? 'ENOSPC' : '';
}

function byCode(code: string, path: string, cause: unknown): WinnowError | undefined {
  const said = `received '${messageOf(cause).trim()}'`;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StopTheRun(
        `Expected room for the embedded PostgreSQL in '${path}' but ${said}; make room on that disk (100 MB to begin ` +
          'with) and run the command again, nothing is lost',
        { code: 'disk-full', cause },
      );
    case 'EROFS':
      return new UsageError(
        `Expected a writable file system for the data folder in '${path}' but ${said}; choose another with --data`,
        { code: 'data-folder-read-only', cause },
      );
    case 'EACCES':
    case 'EPERM':
      return new UsageError(
        `Expected permission to read and write the data folder in '${path}' for user id ${process.getuid?.() ?? '?'} ` +
          `but ${said}; run as the folder's owner, or choose another with --data`,
        { code: 'data-folder-permission', cause },
      );
    case 'EEXIST':
    case 'ENOTDIR':
      return new UsageError(
        `Expected a folder for the data folder in '${path}' but ${said}; choose another with --data`,
        {
          code: 'data-folder-not-a-folder',
          cause,
        },
      );
    default:
      return undefined;
  }
}
