import { chown, cp, lstat, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { codeOf } from '../../../kernel/errors.ts';
import { assertShellSafe, brokenBinaries, locateNative } from './binaries.ts';
import type { Layout } from './layout.ts';
import { runProgram } from './program.ts';
import type { Outcome } from './program.ts';
import { assertCanEnter, chooseRunAs } from './run-as.ts';
import type { RunAs, User } from './run-as.ts';

/** PostgreSQL's own programs, ready to run as a user that they accept. */
export interface Programs {
  /** `18.4` */
  readonly version: string;
  /** Who must own what the server writes; absent if that is the user we are. */
  readonly user?: User;
  /** Runs in the `postgres` folder, so that arguments can be relative paths, which no shell misreads. */
  run(name: 'initdb' | 'pg_ctl' | 'postgres', args: readonly string[], timeoutMs: number): Promise<Outcome>;
}

const VERSION_TIMEOUT_MS = 20_000;
/** Variables of the user's own PostgreSQL that the programs would obey, and the language of the messages we read. */
const CLEAN_ENVIRONMENT = ['PGDATA', 'PGPORT', 'PGDATESTYLE', 'PGCLIENTENCODING', 'PG_COLOR'].flatMap((name) => [
  '-u',
  name,
]);
const ENV = ['env', ...CLEAN_ENVIRONMENT, 'LC_ALL=C'];

/** Errors: those of `locateNative` and `chooseRunAs`; UsageError `postgres-binaries-missing` if they do not run. */
export async function openPrograms(layout: Layout): Promise<Programs> {
  const original = await locateNative();
  const runAs = await chooseRunAs(layout.root);
  if (runAs.user !== undefined) {
    await chownTree(layout.root, runAs.user);
    await assertCanEnter(layout.root, runAs.user);
  }
  const first = await versionOf(original, runAs, layout);
  if (first.version !== undefined) return programsOf(original, runAs, { layout, version: first.version });
  if (runAs.user === undefined) throw brokenBinaries(original, first.output);
  // The other user cannot enter the project's folder: give that user a copy.
  const copy = await copyNative(original, layout, runAs.user);
  const second = await versionOf(copy, runAs, layout);
  if (second.version === undefined) throw brokenBinaries(copy, second.output);
  return programsOf(copy, runAs, { layout, version: second.version });
}

function programsOf(native: string, runAs: RunAs, found: { layout: Layout; version: string }): Programs {
  return {
    version: found.version,
    ...(runAs.user === undefined ? {} : { user: runAs.user }),
    run: async (name, args, timeoutMs) => runBinary(join(native, 'bin', name), args, { runAs, ...found, timeoutMs }),
  };
}

async function runBinary(
  binary: string,
  args: readonly string[],
  how: { runAs: RunAs; layout: Layout; timeoutMs: number },
): Promise<Outcome> {
  const environment = process.platform === 'win32' ? [] : ENV;
  const [command = binary, ...words] = [...environment, ...how.runAs.prefix, binary, ...args];
  return runProgram({ command, args: words, cwd: how.layout.root, timeoutMs: how.timeoutMs, ...how.runAs.user });
}

async function versionOf(
  native: string,
  runAs: RunAs,
  layout: Layout,
): Promise<{ version: string | undefined; output: string }> {
  const postgres = join(native, 'bin', 'postgres');
  const { output } = await runBinary(postgres, ['--version'], { runAs, layout, timeoutMs: VERSION_TIMEOUT_MS });
  return { version: /^postgres \(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(output)?.[1], output };
}

/** Some 60 MB, once per data folder and size of the original; libraries for linking are left out. */
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

/** Gives a folder and all in it to a user; a folder that already is that user's is taken to be so throughout. */
async function chownTree(path: string, user: User): Promise<void> {
  const state = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (state === undefined || state.uid === user.uid || state.isSymbolicLink()) return;
  if (state.isDirectory()) {
    for (const name of await readdir(path)) await chownTree(join(path, name), user);
  }
  await chown(path, user.uid, user.gid);
}
