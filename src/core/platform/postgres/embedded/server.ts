import { chown, copyFile, mkdir, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../../lock/process-identity.ts';
import { StopTheRun } from '../../../kernel/errors.ts';
import { missingCluster, readIfThere, SETTINGS_FILE } from './cluster.ts';
import { programFailure } from './failures.ts';
import { type Layout, type Port, SOCKET_PORT } from './layout.ts';
import { removeMisleadingPidFile, runningPostmaster } from './postmaster.ts';
import { openPrograms, type Programs } from './programs.ts';

/** Recovery after a crash replays at most `max_wal_size`. */
export const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 60_000;
const MAX_LOG_BYTES = 8 * 1_048_576;
const LOG_LINES_SHOWN = 15;
const POLL_MS = 20;
const RETRY_PAUSE_MS = 300;

/** Processes of a killed server, another client's pg_ctl, a port that was taken since its choice. */
const PASSES = /pre-existing shared memory block|lock file "postmaster\.pid" already exists|Address already in use/;

/** Starts a server that was killed, at the address that it had. @throws StopTheRun `postgres-does-not-start` */
export async function startAgain(layout: Layout, port: Port): Promise<void> {
  if ((await readIfThere(join(layout.cluster, 'PG_VERSION'))) === undefined)
    throw new StopTheRun(missingCluster(layout), { code: 'postgres-does-not-start' });
  const programs = await openPrograms(layout);
  const deadlineMs = performance.now() + START_LIMIT_MS;
  while (!(await startServer(layout, programs, { port }))) {
    if (performance.now() < deadlineMs) continue;
    throw new StopTheRun(
      `The embedded PostgreSQL has ended and could not be started again; its log ends:\n${await lastLogLines(layout)}`,
      { code: 'postgres-does-not-start' },
    );
  }
}

export interface StartOptions {
  /** The server's address. Defaults to any free port, or the socket. */
  readonly port?: Port;
  /** Called once `pg_ctl` runs. The server then needs about a tenth of a second. Called again if the start is repeated. Must not throw. */
  readonly whileStarting?: (() => void) | undefined;
}

/** The caller holds the lock, and no server runs. Returns false for a temporary reason, so that the caller may try again. */
export async function startServer(
  layout: Layout,
  programs: Programs,
  { port, whileStarting }: StartOptions = {},
): Promise<boolean> {
  await removeMisleadingPidFile(layout);
  await writeSettings(layout, programs, port ?? (layout.usesSocket ? null : await freePort()));
  await trimLog(layout.serverLog);
  const logBytes = await prepareLog(layout, programs);
  const seconds = String(START_LIMIT_MS / 1_000);
  const args = ['start', '-D', 'cluster', '-l', 'server.log', '-w', '-t', seconds];
  const started = programs.run('pg_ctl', args, START_LIMIT_MS + 10_000);
  whileStarting?.();
  const outcome = await started;
  if (outcome.exitCode === 0) return true;
  const words = await lastLogLines(layout, logBytes);
  if (PASSES.test(words)) {
    await sleep(RETRY_PAUSE_MS);
    return false;
  }
  if (await removeStub(layout, words)) return false;
  throw await programFailure('pg_ctl start', outcome, { path: layout.root, words: words || outcome.output });
}

/**
 * Removes an empty file that keeps PostgreSQL from recovering, and returns whether it did.
 *
 * If a client is killed while it creates an unlogged table, the server deletes the table's files, but leaves the first one empty
 * until the next checkpoint. If the server is killed too, before the log has the end of the transaction on disk, recovery
 * creates the table again and finds that file in its way (`copy_file` in `reinit.c`). The table is not committed, so the
 * file holds nothing.
 */
async function removeStub({ cluster }: Layout, words: string): Promise<boolean> {
  const name = /could not create file "(base\/\d+\/\d+)": File exists/.exec(words)?.[1];
  if (name === undefined) return false;
  const file = join(cluster, name);
  if ((await stat(file)).size > 0) return false;
  await rm(file);
  return true;
}

/**
 * Stops the server, if one runs, in "fast" mode: open transactions are rolled back, and everything committed is on disk. Except on
 * Windows, this is a SIGINT (https://www.postgresql.org/docs/18/server-shutdown.html), which root may send directly. Returns false
 * if the server still ran after the time limit.
 */
export async function stopServer(layout: Layout): Promise<boolean> {
  const postmaster = await runningPostmaster(layout);
  if (postmaster === undefined) return true;
  if (process.platform === 'win32') {
    const seconds = String(STOP_LIMIT_MS / 1_000);
    const words = ['stop', '-D', 'cluster', '-m', 'fast', '-w', '-t', seconds];
    return (await (await openPrograms(layout)).run('pg_ctl', words, STOP_LIMIT_MS + 10_000)).exitCode === 0;
  }
  const { pid } = postmaster;
  process.kill(pid, 'SIGINT');
  const deadlineMs = performance.now() + STOP_LIMIT_MS;
  while (await isRunning(pid)) {
    if (performance.now() > deadlineMs) return false;
    await sleep(POLL_MS);
  }
  return true;
}

export async function lastLogLines(layout: Layout, fromByte = 0): Promise<string> {
  const log = await readFile(layout.serverLog).catch(() => Buffer.alloc(0));
  return log.subarray(fromByte).toString('utf8').trimEnd().split('\n').slice(-LOG_LINES_SHOWN).join('\n');
}

/** Renames a log that is too large and keeps one old part. A running server appends, so it continues at the new end. */
export async function trimLog(path: string): Promise<void> {
  const size = await stat(path).then(
    (state) => state.size,
    () => 0,
  );
  if (size <= MAX_LOG_BYTES) return;
  await copyFile(path, `${path}.1`);
  await truncate(path, 0);
}

async function prepareLog(layout: Layout, { user }: Programs): Promise<number> {
  const file = await open(layout.serverLog, 'a', 0o600);
  try {
    if (user !== undefined) await file.chown(user.uid, user.gid);
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

async function writeSettings(layout: Layout, { user }: Programs, port: Port): Promise<void> {
  const path = join(layout.cluster, SETTINGS_FILE);
  await writeFile(path, serverSettings(port), { mode: 0o600 });
  // Emptied, because a socket that was copied with the folder has a lock file that names a server elsewhere.
  await rm(layout.socketFolder, { recursive: true, force: true });
  await mkdir(layout.socketFolder, { mode: 0o700 });
  if (user === undefined) return;
  await chown(path, user.uid, user.gid);
  await chown(layout.socketFolder, user.uid, user.gid);
}

async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/**
 * The server's settings, written at each start to a file that postgresql.conf includes last. They use little memory and
 * full durability, because the catalogue is the source of truth. Reference:
 * https://www.postgresql.org/docs/18/runtime-config.html
 */
function serverSettings(port: Port): string {
  const reach =
    port === null
      ? // Relative to the cluster, so that no character of the data folder's path needs quoting.
        {
          listen_addresses: '',
          unix_socket_directories: '../socket',
          unix_socket_permissions: '0700',
          port: SOCKET_PORT,
        }
      : { listen_addresses: '127.0.0.1', unix_socket_directories: '', port };
  const settings = {
    ...reach,
    max_connections: 200,
    shared_buffers: '128MB',
    max_wal_size: '512MB',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    // Parallel queries need /dev/shm, which is small in a container. A catalogue gains nothing from them.
    max_parallel_workers_per_gather: 0,
    max_parallel_maintenance_workers: 0,
    jit: 'off',
    // The query of a killed client ends soon, instead of holding its locks to the end. Windows does not support it.
    ...(process.platform === 'win32' ? {} : { client_connection_check_interval: '500ms' }),
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_line_prefix: '%m [%p] %q%a ',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
  return `# Written at each start of the embedded server: changes are lost.\n${lines.join('\n')}\n`;
}
