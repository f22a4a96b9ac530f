import { StopTheRun, UsageError, WinnowError, codeOf, messageOf } from '../../../kernel/errors.ts';
import { freeBytesOn } from '../../disk/free-bytes.ts';
import type { Outcome } from './program.ts';

/** SQLSTATE of PostgreSQL. */
export const DISK_FULL = '53100';
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
  const room = await freeBytesOn(path).catch(() => Number.POSITIVE_INFINITY);
  return room < NO_ROOM_BYTES ? 'ENOSPC' : '';
}

type Kind = 'disk-full' | 'data-folder-read-only' | 'data-folder-permission' | 'data-folder-not-a-folder';

const KIND_OF: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  [DISK_FULL, 'disk-full'],
  ['EROFS', 'data-folder-read-only'],
  ['EACCES', 'data-folder-permission'],
  ['EPERM', 'data-folder-permission'],
  ['EEXIST', 'data-folder-not-a-folder'],
  ['ENOTDIR', 'data-folder-not-a-folder'],
  ['ENOENT', 'data-folder-not-a-folder'],
  ['ELOOP', 'data-folder-not-a-folder'],
  ['ENAMETOOLONG', 'data-folder-not-a-folder'],
]);

function byCode(systemCode: string, path: string, cause: unknown): WinnowError | undefined {
  const code = KIND_OF.get(systemCode);
  if (code === undefined) return undefined;
  const but = `in '${path}' but received '${messageOf(cause).trim()}'`;
  const user = process.getuid?.() ?? '?';
  switch (code) {
    case 'disk-full':
      return new StopTheRun(
        `Expected room for the embedded PostgreSQL ${but}; make room on that disk (100 MB to begin with) and run the ` +
          'command again, what was committed is kept',
        { code, cause },
      );
    case 'data-folder-read-only':
      return new UsageError(`Expected a writable file system for the data folder ${but}; choose another with --data`, {
        code,
        cause,
      });
    case 'data-folder-permission':
      return new UsageError(
        `Expected permission for user id ${user} to read and write the data folder ${but}; run winnow as the folder's ` +
          'owner, or choose another folder with --data',
        { code, cause },
      );
    case 'data-folder-not-a-folder':
      return new UsageError(`Expected a folder for the data folder ${but}; choose another with --data`, {
        code,
        cause,
      });
    default:
      return code satisfies never;
  }
}
