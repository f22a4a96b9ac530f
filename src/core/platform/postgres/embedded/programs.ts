import { chmod, cp, lchown, lstat, mkdtemp, readdir, rename, rm, readFile, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { userInfo } from 'node:os';
import { PRIVATE } from '../../disk/folders.ts';
import { assertShellSafe, brokenBinaries, locateNative } from './binaries.ts';
import type { Layout } from './layout.ts';
import { runToEnd, type ProgramEnd } from './program.ts';
import { UsageError } from '../../../kernel/errors.ts';

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
/** Unsets variables of the user's own PostgreSQL, and sets the language of the messages that we parse. */
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
    return runToEnd({ command, args: words, cwd: place.layout.root, timeoutMs, ...place.runAs.user });
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

/*
 * PostgreSQL refuses to run as root, and initdb refuses a user id without an entry in the user database. Root therefore
 * runs it
 *  - as the owner of the folder, if that is another user;
 *  - otherwise in a user namespace that shows root's id as that of a system user: files stay root's, no user is created;
 *  - otherwise (a container may forbid namespaces) as a system user, who then owns the folder and must be able to enter it.
 * A user id without an entry, usual in containers, gets the namespace too.
 */

export interface RunAs {
  /** Words before the program's path. */
  readonly prefix: readonly string[];
  /** The user that runs the programs and owns the cluster. Absent if this is the current user. */
  readonly user?: User;
}

export interface User {
  readonly uid: number;
  readonly gid: number;
}

const CHECK_TIMEOUT_MS = 10_000;
/** A PATH without the program, such as that of a cron job, must not give root's folder to another user. */
const UNSHARE = ['unshare', '/usr/bin/unshare'];
const PLAIN: RunAs = { prefix: [] };

/** Chooses how to run PostgreSQL's programs on `folder`. Error: UsageError `postgres-user`, which says what to do. */
async function chooseRunAs(folder: string): Promise<RunAs> {
  const uid = process.getuid?.();
  if (uid === undefined || (uid !== 0 && hasUserEntry())) return PLAIN;
  if (uid === 0) return rootRunsAs(folder);
  const { systemUser } = await readUsers();
  return (await namespaceAs(systemUser)) ?? refuse(folder, uid);
}

async function rootRunsAs(folder: string): Promise<RunAs> {
  const { systemUser, known } = await readUsers();
  const { uid, gid } = await stat(folder);
  const owner = uid === 0 ? undefined : { uid, gid };
  if (owner !== undefined && known.has(uid)) return { prefix: [], user: owner };
  const namespaced = await namespaceAs(systemUser, owner);
  if (namespaced !== undefined) return namespaced;
  return owner === undefined && systemUser !== undefined ? { prefix: [], user: systemUser } : refuse(folder, uid);
}

function refuse(folder: string, uid: number): never {
  throw new UsageError(
    `Expected a user that PostgreSQL accepts for '${folder}' but received user id ${uid} ` +
      `(${uid === 0 ? 'root' : 'it has no entry in /etc/passwd'}), and neither a user namespace (unshare --user) nor ` +
      'a system user (postgres, nobody) is available; run winnow as another user, add the entry, or set ' +
      'DATABASE_URL',
    { code: 'postgres-user' },
  );
}

/** Error: UsageError `data-folder-permission`, which names the folder that the user cannot enter. */
async function assertCanEnter(folder: string, user: User): Promise<void> {
  const parents = [folder];
  for (let path = folder; path !== dirname(path); path = dirname(path)) parents.unshift(dirname(path));
  const canEnter = ['-c', 'for path; do test -x "$path" || { echo "$path"; exit 1; }; done', 'sh', ...parents];
  const check = { command: '/bin/sh', args: canEnter, cwd: '/', timeoutMs: CHECK_TIMEOUT_MS, ...user };
  const { exitCode, output: closed } = await runToEnd(check);
  if (exitCode === 0) return;
  throw new UsageError(
    `Expected user id ${user.uid} to be able to enter '${folder}', as PostgreSQL does not run as root and runs as ` +
      `that user here, but '${closed}' does not let it in; put the data folder elsewhere (--data), or chmod o+x ` +
      `'${closed}', or run winnow as another user, or set DATABASE_URL`,
    { code: 'data-folder-permission' },
  );
}

/** Runs programs in a namespace where this user, or `become`, appears as `shown`. Undefined if namespaces are forbidden. */
async function namespaceAs(shown: User | undefined, become?: User): Promise<RunAs | undefined> {
  if (shown === undefined) return undefined;
  const args = ['--user', `--map-user=${shown.uid}`, `--map-group=${shown.gid}`];
  for (const command of UNSHARE) {
    const check = { command, args: [...args, '/bin/sh', '-c', ':'], cwd: '/', timeoutMs: CHECK_TIMEOUT_MS, ...become };
    const { exitCode } = await runToEnd(check);
    if (exitCode === 0) return { prefix: [command, ...args], ...(become === undefined ? {} : { user: become }) };
    if (exitCode !== null) return undefined;
  }
  return undefined;
}

/** Reads /etc/passwd (passwd(5)): the user that services run as, and the ids that have an entry. */
async function readUsers(): Promise<{ systemUser: User | undefined; known: ReadonlySet<number> }> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const users = new Map<string, User>();
  for (const line of passwd.split('\n')) {
    const [name = '', , uid, gid] = line.split(':');
    if (uid !== undefined && gid !== undefined) users.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  const known = new Set([...users.values()].map(({ uid }) => uid));
  return { systemUser: users.get('postgres') ?? users.get('nobody'), known };
}

function hasUserEntry(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}
