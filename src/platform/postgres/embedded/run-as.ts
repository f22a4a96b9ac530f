import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { UsageError } from '../../../kernel/errors.ts';
import { runProgram } from './program.ts';

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
export async function chooseRunAs(folder: string): Promise<RunAs> {
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
export async function assertCanEnter(folder: string, user: User): Promise<void> {
  const parents = [folder];
  for (let path = folder; path !== dirname(path); path = dirname(path)) parents.unshift(dirname(path));
  const canEnter = ['-c', 'for path; do test -x "$path" || { echo "$path"; exit 1; }; done', 'sh', ...parents];
  const check = { command: '/bin/sh', args: canEnter, cwd: '/', timeoutMs: CHECK_TIMEOUT_MS, ...user };
  const { exitCode, output: closed } = await runProgram(check);
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
    const { exitCode } = await runProgram(check);
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
