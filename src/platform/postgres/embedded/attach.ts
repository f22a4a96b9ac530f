import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import { StopTheRun, codeOf, messageOf } from '../../../kernel/errors.ts';
import { withFileLock } from '../../lock/file-lock.ts';
import type { FileLockOptions } from '../../lock/file-lock.ts';
import { ensureCluster, readPassword, wrongPassword } from './cluster.ts';
import { applicationNameOf, connectionOf, connectionUrlOf } from './connection.ts';
import type { EmbeddedConnection, Endpoint } from './connection.ts';
import { DISK_FULL, explained } from './failures.ts';
import { prepareLayout } from './layout.ts';
import type { Layout } from './layout.ts';
import { Lease, hasEnded } from './lease.ts';
import type { EmbeddedLog, OtherClient } from './lease.ts';
import { runningPostmaster } from './postmaster.ts';
import type { Postmaster } from './postmaster.ts';
import { openPrograms } from './programs.ts';
import type { Programs } from './programs.ts';
import { START_LIMIT_MS, lastLogLines, startServer, stopServer, trimLog } from './server.ts';

export interface AttachOptions {
  /** The data folder. Created if missing. Two spellings of one folder count as one folder. */
  readonly dataDir: string;
  /** Shown in pg_stat_activity: `crawl`, `filter`, `server`. */
  readonly clientName: string;
  readonly log: EmbeddedLog;
}

export interface EmbeddedPostgres {
  /** Options for clients and pools of pg. */
  readonly connection: EmbeddedConnection;
  /** The same as a URL that contains the password: never log it. */
  url(): string;
  /** True if no other winnow client was connected when this one attached. Then no other client's work is in progress. */
  readonly soleClient: boolean;
  /** `18.4` */
  readonly serverVersion: string;
  /**
   * Disconnects. The last client stops the server. Close pools first, because an open connection counts as a client. Never
   * rejects: if the server cannot be stopped, that is logged, and the next client finds it running. May be called again.
   */
  detach(): Promise<void>;
}

/** Longer than a holder's own limits for initdb and start together. */
const ATTACH_WAIT_MS = 330_000;
/** A process that holds the lock for longer is attaching, so it will stop the server later. */
const DETACH_WAIT_MS = 30_000;
const POLL_MS = 50;
const NOBODY_THERE = new Set(['ENOENT', 'ECONNREFUSED']);
// SQLSTATE codes: https://www.postgresql.org/docs/18/errcodes-appendix.html
const WRONG_PASSWORD = new Set(['28P01', '28000']);
/**
 * Errors that pass: the server shuts down, starts, recovers from a crash or has too many connections; or the database is
 * still being created for a client that was killed (3D000: not there yet, 55006: its template is in use).
 */
const PASSES = new Set(['57P01', '57P02', '57P03', '53300', '3D000', '55006']);

/**
 * Creates, starts or joins the embedded PostgreSQL of a data folder. Any number of processes may call this at once. The
 * server is not a child of any process: it survives a client that is killed, and the next client uses it.
 *
 * Errors leave nothing half made: UsageError `data-folder-name`, `data-folder-permission`, `data-folder-read-only`,
 * `data-folder-not-a-folder`, `lock-unsupported`, `postgres-platform`, `postgres-binaries-missing`,
 * `postgres-binaries-path`, `postgres-user`, `postgres-version`, `postgres-cluster`, `postgres-password`; StopTheRun
 * `disk-full`, `lock-timeout`, `postgres-does-not-start`, `postgres-unreachable`.
 */
export async function attachEmbedded(options: AttachOptions): Promise<EmbeddedPostgres> {
  try {
    const layout = await prepareLayout(options.dataDir);
    return await withFileLock(lockOptions(layout, options, 'attach'), async () => attach(layout, options));
  } catch (error) {
    throw explained(error, options.dataDir);
  }
}

async function attach(layout: Layout, options: AttachOptions): Promise<EmbeddedPostgres> {
  const startedMs = performance.now();
  const progress: Progress = { how: 'joined' };
  try {
    const { lease, endpoint, password } = await reachServer(layout, options, progress);
    progress.lease = lease;
    await trimLog(layout.serverLog);
    const others = await lease.others(hasEnded);
    const serverVersion = await lease.serverVersion();
    const applicationName = applicationNameOf(options.clientName, process.pid);
    const connection = connectionOf(layout, endpoint, { password, applicationName });
    const fields = { how: progress.how, serverVersion, others: others.length };
    const durationMs = Math.round(performance.now() - startedMs);
    options.log.debug({ ...fields, durationMs }, 'attached to the embedded PostgreSQL');
    let leaving: Promise<void> | undefined;
    return {
      connection,
      url: () => connectionUrlOf(connection),
      soleClient: others.length === 0,
      serverVersion,
      detach: async () => (leaving ??= detach(layout, lease, options)),
    };
  } catch (error) {
    await progress.lease?.close();
    const postmaster = progress.how === 'started' ? await runningPostmaster(layout) : undefined;
    if (postmaster !== undefined) await stop(layout, postmaster);
    throw error;
  }
}

/** What a failed attach must undo. */
interface Progress {
  how: 'joined' | 'started';
  lease?: Lease;
}

interface Reached {
  readonly lease: Lease;
  readonly endpoint: Endpoint;
  readonly password: string;
}

/** Joins the running server or starts one. Repeats while the obstacle is temporary. */
async function reachServer(layout: Layout, options: AttachOptions, progress: Progress): Promise<Reached> {
  const deadlineMs = performance.now() + START_LIMIT_MS;
  let programs: Programs | undefined;
  let obstacle: unknown;
  while (performance.now() < deadlineMs) {
    const found = await joinServer(layout, options);
    if (found.state === 'joined') return found;
    obstacle = found.error ?? obstacle;
    if (found.state === 'busy') {
      await sleep(POLL_MS);
      continue;
    }
    if (programs === undefined) {
      programs = await openPrograms(layout);
      await ensureCluster(layout, programs);
    }
    if (await startServer(layout, programs)) progress.how = 'started';
  }
  throw await unreachable(layout, obstacle);
}

type Join =
  | (Reached & { readonly state: 'joined' })
  /** Busy: a server exists but accepts no connection yet, because it starts, recovers or shuts down. */
  | { readonly state: 'busy' | 'absent'; readonly error?: unknown };

async function joinServer(layout: Layout, options: AttachOptions): Promise<Join> {
  const password = await readPassword(layout);
  const postmaster = await runningPostmaster(layout);
  const endpoint = endpointOf(layout, postmaster?.port);
  const absentOrBusy = postmaster === undefined ? 'absent' : 'busy';
  if (password === undefined && postmaster !== undefined) throw wrongPassword(layout, 'the file is missing');
  if (password === undefined || endpoint === undefined) return { state: absentOrBusy };
  const applicationName = applicationNameOf(options.clientName, process.pid, 'winnow-lease');
  try {
    const lease = await Lease.open(connectionOf(layout, endpoint, { password, applicationName }), options.log);
    return { state: 'joined', lease, endpoint, password };
  } catch (error) {
    await throwUnlessPassing(layout, error);
    return { state: NOBODY_THERE.has(codeOf(error) ?? '') ? absentOrBusy : 'busy', error };
  }
}

async function throwUnlessPassing(layout: Layout, error: unknown): Promise<void> {
  const code = codeOf(error) ?? '';
  if (WRONG_PASSWORD.has(code)) throw wrongPassword(layout, messageOf(error));
  if (error instanceof DatabaseError && !PASSES.has(code)) throw await unreachable(layout, error);
}

/**
 * A socket is tried without regard to the pid file, because only our servers can create one in our private folder. This
 * finds a server whose pid is not visible from here (another container). A port may have gone to another program.
 */
function endpointOf(layout: Layout, port: number | undefined): Endpoint | undefined {
  if (port !== undefined) return { kind: 'port', port };
  return layout.usesSocket ? { kind: 'socket' } : undefined;
}

async function unreachable(layout: Layout, obstacle: unknown): Promise<unknown> {
  if (codeOf(obstacle) === DISK_FULL) return obstacle;
  return new StopTheRun(
    `Expected the embedded PostgreSQL in '${layout.root}' to serve a connection within ${START_LIMIT_MS / 1_000} s ` +
      `but received '${messageOf(obstacle)}'; run the command again if it was still recovering; its log ends:\n` +
      (await lastLogLines(layout)),
    { code: 'postgres-unreachable', cause: obstacle },
  );
}

async function detach(layout: Layout, lease: Lease, options: AttachOptions): Promise<void> {
  const { log } = options;
  try {
    await withFileLock(lockOptions(layout, options, 'detach'), async () => {
      const postmaster = await runningPostmaster(layout);
      if (postmaster === undefined) return;
      const others = await lease.others(async (client) => isOurPool(client) || hasEnded(client));
      await lease.close();
      if (others.length > 0) return;
      if (await stop(layout, postmaster))
        log.debug({ pid: postmaster.pid }, 'stopped the embedded PostgreSQL: no client is left');
      else log.warn({ pid: postmaster.pid }, 'the embedded PostgreSQL is slow to stop; it ends without further action');
    });
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'could not stop the embedded PostgreSQL; the next command takes it over');
  } finally {
    await lease.close();
  }
}

async function stop(layout: Layout, postmaster: Postmaster): Promise<boolean> {
  return stopServer(layout, postmaster, async () => openPrograms(layout));
}

/** Whether a connection belongs to this process's pools, which their owner has just closed. */
function isOurPool({ applicationName }: OtherClient): boolean {
  return applicationName.startsWith('winnow ') && applicationName.endsWith(` ${process.pid}`);
}

function lockOptions(layout: Layout, { clientName, log }: AttachOptions, step: 'attach' | 'detach'): FileLockOptions {
  return {
    path: layout.lock,
    purpose: `${step} of ${clientName} to the embedded PostgreSQL`,
    waitMs: step === 'attach' ? ATTACH_WAIT_MS : DETACH_WAIT_MS,
    onWait: (holder) => log.debug({ holder }, 'waiting for another process at the embedded PostgreSQL'),
  };
}
