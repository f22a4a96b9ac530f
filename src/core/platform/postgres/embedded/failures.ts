import { StopTheRun, UsageError, WinnowError, codeOf, messageOf } from '../../../kernel/errors.ts';
import { freeBytesOn } from '../../disk/full-disk.ts';
import type { ProgramEnd } from './program.ts';

/** PostgreSQL's SQLSTATE for a full disk. */
export const DISK_FULL = '53100';
/** With less room, PostgreSQL cannot even write its pid file and first log lines. */
const NO_ROOM_BYTES = 1_048_576;

/** The error to show for a failure in the folder `path`. An unknown error is returned unchanged. */
export function explained(error: unknown, path: string): unknown {
  if (error instanceof WinnowError) return error;
  return byCode(codeOf(error) ?? '', path, error) ?? error;
}

/** The error to show for a program that failed: `what` is its name, `words` is what it, or the server's log, reported. */
export async function programFailure(what: string, outcome: ProgramEnd, at: { path: string; words: string }) {
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
  // On a full disk the server's log may have no line that says so.
  const room = await freeBytesOn(path).catch(() => Number.POSITIVE_INFINITY);
  return room < NO_ROOM_BYTES ? 'ENOSPC' : '';
}

/** Meaning of the error codes of the system and of PostgreSQL. `expected` is the text before the folder. */
const KINDS = [
  {
    of: [DISK_FULL, 'ENOSPC', 'EDQUOT'],
    type: StopTheRun,
    code: 'disk-full',
    expected: 'room for the embedded PostgreSQL',
    remedy: 'make room on that disk (100 MB to begin with) and run the command again, what was committed is kept',
  },
  {
    of: ['EROFS'],
    type: UsageError,
    code: 'data-folder-read-only',
    expected: 'a writable file system for the data folder',
    remedy: 'choose another with --data',
  },
  {
    of: ['EACCES', 'EPERM'],
    type: UsageError,
    code: 'data-folder-permission',
    expected: `permission for user id ${process.getuid?.() ?? '?'} to read and write the data folder`,
    remedy: "run winnow as the folder's owner, or choose another folder with --data",
  },
  {
    of: ['EEXIST', 'ENOTDIR', 'ENOENT', 'ELOOP', 'ENAMETOOLONG'],
    type: UsageError,
    code: 'data-folder-not-a-folder',
    expected: 'a folder for the data folder',
    remedy: 'choose another with --data',
  },
];

function byCode(systemCode: string, path: string, cause: unknown): WinnowError | undefined {
  const kind = KINDS.find(({ of }) => of.includes(systemCode));
  if (kind === undefined) return undefined;
  const { type, code, expected, remedy } = kind;
  return new type(`Expected ${expected} in '${path}' but received '${messageOf(cause).trim()}'; ${remedy}`, {
    code,
    cause,
  });
}
