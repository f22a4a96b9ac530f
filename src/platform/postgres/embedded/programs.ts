import { chmod, cp, lchown, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { PRIVATE } from '../../disk/folders.ts';
import { assertShellSafe, brokenBinaries, locateNative } from './binaries.ts';
import type { Layout } from './layout.ts';
import { runProgram } from './program.ts';
import type { ProgramEnd } from './program.ts';
import { assertCanEnter, chooseRunAs } from './run-as.ts';
import type { RunAs, User } from './run-as.ts';

/** PostgreSQL's own programs, ready to run as a user that they accept. */
export interface Programs {
  /** `18.4` */
  readonly version: string;
  /** The user that must own what the server writes. Absent if that is the current user. */
  readonly user?: User;
  /** Runs in the `postgres` folder, so that arguments can be relative paths, which no shell misreads. */
  run(name: 'initdb' | 'pg_ctl' | 'postgres', args: readonly string[], timeoutMs: number): Promise<ProgramEnd>;
}

const VERSION_TIMEOUT_MS = 20_000;
/**
 * Unsets variables of the user's own PostgreSQL, which the programs would obey, and sets the language of the messages that
 * we parse.
 */
const ENV = '/usr/bin/env -u PGDATA -u PGPORT -u PGDATESTYLE -u PGTZ -u PGCLIENTENCODING -u PG_COLOR LC_ALL=C'.split(
  ' ',
);

/** Errors: those of `locateNative` and `chooseRunAs`; UsageError `postgres-binaries-missing` if they do not run. */
export async function openPrograms(layout: Layout): Promise<Programs> {
  const original = await locateNative();
  const runAs = await chooseRunAs(layout.root);
  if (runAs.user !== undefined) {
    await chownTree(layout.root, runAs.user);
    await letEnter(dirname(layout.root));
    await assertCanEnter(layout.root, runAs.user);
  }
  const place = { layout, runAs };
  const programs = await programsIn(original, place);
  if (!('output' in programs)) return programs;
  if (runAs.user === undefined) throw brokenBinaries(original, programs.output);
  // The other user cannot enter the project's folder and gets a copy.
  const copy = await copyNative(original, layout, runAs.user);
  const copied = await programsIn(copy, place);
  if ('output' in copied) throw brokenBinaries(copy, copied.output);
  return copied;
}

interface Place {
  readonly layout: Layout;
  readonly runAs: RunAs;
}

/** The programs of a folder, or their output if they do not run. */
async function programsIn(native: string, place: Place): Promise<Programs | { readonly output: string }> {
  const run: Programs['run'] = (name, args, timeoutMs) => {
    const environment = process.platform === 'win32' ? [] : ENV;
    const [command = '', ...words] = [...environment, ...place.runAs.prefix, join(native, 'bin', name), ...args];
    return runProgram({ command, args: words, cwd: place.layout.root, timeoutMs, ...place.runAs.user });
  };
  const { output } = await run('postgres', ['--version'], VERSION_TIMEOUT_MS);
  const version = /^postgres \(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(output)?.[1];
  if (version === undefined) return { output };
  return { version, ...(place.runAs.user === undefined ? {} : { user: place.runAs.user }), run };
}

/** Copies some 60 MB, once for each data folder and size of the original. Libraries for linking are left out. */
async function copyNative(original: string, layout: Layout, user: User): Promise<string> {
  const { size } = await lstat(join(original, 'bin', 'postgres'));
  const copy = join(layout.root, `native-${size}`);
  assertShellSafe(copy, process.platform);
  if ((await readdir(layout.root)).includes(`native-${size}`)) return copy;
  const draft = await mkdtemp(join(layout.root, 'native.new-'));
  try {
    await cp(original, draft, { recursive: true, verbatimSymlinks: true, filter: (path) => extname(path) !== '.a' });
    await chownTree(draft, user);
    await rename(draft, copy);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
  return copy;
}

/** A data folder that root made is closed to all others. The user that runs PostgreSQL must be able to enter it. */
async function letEnter(dataDir: string): Promise<void> {
  const { uid, mode } = await lstat(dataDir);
  if (uid === process.getuid?.() && (mode & 0o777) === PRIVATE) await chmod(dataDir, PRIVATE | 0o011);
}

/** Gives a folder and everything in it to a user. If the folder belongs to that user already, so does its content. */
export async function chownTree(path: string, { uid, gid }: User): Promise<void> {
  if ((await lstat(path)).uid === uid) return;
  const names = await readdir(path, { recursive: true });
  // The folder itself comes last, so that an interrupted call is repeated.
  for (const name of [...names, '']) await lchown(join(path, name), uid, gid);
}
