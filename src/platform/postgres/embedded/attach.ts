import { setTimeout as sleep } from 'node:timers/promises';
import { StopTheRun, UsageError, codeOf, messageOf } from '../../../kernel/errors.ts';
import { withFileLock } from '../../lock/file-lock.ts';
import type { FileLockOptions } from '../../lock/file-lock.ts';
import { ensureCluster, readPassword } from './cluster.ts';
import { applicationNameOf, connectionOf, connectionUrlOf } from './connection.ts';
import type { EmbeddedConnection, Endpoint } from './connection.ts';
import type { EmbeddedLog } from './embedded-log.ts';
import { explained } from './failures.ts';
import { prepareLayout } from './layout.ts';
import type { Layout } from './layout.ts';
import { Lease, hasEnded } from './lease.ts';
import type { OtherClient } from './lease.ts';
import { runningPostmaster } from './postmaster.ts';
import { openPrograms } from './programs.ts';
import type { Programs } from './programs.ts';
import { START_LIMIT_MS, lastLogLines, startServer, stopServer, trimLog } from './server.ts';

export interface AttachOptions {
  /** The data folder; made if missing. Two spellings of one folder are one folder. */
  readonly dataDir: string;
  /** Shows in pg_stat_activity: `crawl`, `filter`, `server`. */
  readonly clientName: string;
  readonly log: EmbeddedLog;
}

export interface EmbeddedPostgres {
  /** For pg and pools of pg; see there. */
  readonly connection: EmbeddedConnection;
  /** The same as a URL with the password in it: never log it. */
  url(): string;
  /** No other client of ours was connected when this one attached; nothing of theirs can be at work. */
  readonly soleClient: boolean;
  /** `18.4` */
  readonly serverVersion: string;
  /**
   * Leaves; the last one out stops the server. Close pools first, a connection left open counts as a client. Never
   * rejects: a server that could not be stopped is logged and found again by the next client. Harmless if repeated.
   */
  detach(): Promise<void>;
}

/** Longer than a holder's own limits for initdb and start together. */
const LOCK_WAIT_MS = 330_000;
const POLL_MS = 50;
const WRONG_PASSWORD = new Set(['28P01', '28000']);

/**
 * Makes, starts or joins the embedded PostgreSQL of a data folder, whichever is needed. Any number of processes may do
 * so at once. The server is nobody's child: it outlives a client that is killed, and the next one adopts it.
 *
 * Errors, none of which leaves anything half made: UsageError `data-folder-name`, `data-folder-permission`,
 * `data-folder-read-only`, `data-folder-not-a-folder`, `lock-unsupported`, `postgres-platform`,
 * `postgres-binaries-missing`, `postgres-binaries-path`, `postgres-user`, `postgres-version`, `postgres-cluster`,
 * `postgres-password`; StopTheRun `disk-full`, `lock-timeout`, `postgres-does-not-start`, `postgres-unreachable`.
 */
export async function attachEmbedded(options: AttachOptions): Promise<EmbeddedPostgres> {
  try {
    const layout = await prepareLayout(options.dataDir);
    return await withFileLock(lockOptions(layout, options, 'attaching to PostgreSQL'), async () =>
      attach(layout, options),
    );
  } catch (error) {
    throw explained(error, options.dataDir);
  }
}

async function attach(layout: Layout, options: AttachOptions): Promise<EmbeddedPostgres> {
  const startedMs = performance.now();
  const { lease, endpoint, password, how } = await reachServer(layout, options);
  try {
    await trimLog(layout.serverLog);
    const others = await lease.others(hasEnded);
    const serverVersion = await lease.serverVersion();
    const applicationName = applicationNameOf(options.clientName, process.pid);
    const connection = connectionOf(layout, endpoint, { password, applicationName });
    const durationMs = Math.round(performance.now() - startedMs);
    options.log.info({ how, serverVersion, others: others.length, durationMs }, 'attached to the embedded PostgreSQL');
    let leaving: Promise<void> | undefined;
    return {
      connection,
      url: () => connectionUrlOf(connection),
      soleClient: others.length === 0,
      serverVersion,
      detach: async () => (leaving ??= detach(layout, lease, options)),
    };
  } catch (error) {
    await lease.close();
    throw error;
  }
}

interface Reached {
  readonly lease: Lease;
  readonly endpoint: Endpoint;
  readonly password: string;
  readonly how: 'joined' | 'started';
}

/** Joins the server that runs, or starts one; keeps at it while the obstacle is one that passes. */
async function reachServer(layout: Layout, options: AttachOptions): Promise<Reached> {
  const deadlineMs = performance.now() + START_LIMIT_MS;
  let how: Reached['how'] = 'joined';
  let programs: Programs | undefined;
  let obstacle: unknown;
  while (performance.now() < deadlineMs) {
    const found = await joinServer(layout, options);
    if (found.state === 'joined') return { ...found, how };
    obstacle = found.error ?? obstacle;
    if (found.state === 'busy') {
      await sleep(POLL_MS);
      continue;
    }
    if (programs === undefined) {
      programs = await openPrograms(layout);
      await ensureCluster(layout, programs);
    }
    await startServer(layout, programs);
    how = 'started';
  }
  throw new StopTheRun(
    `Expected the embedded PostgreSQL in '${layout.root}' to accept a connection within ${START_LIMIT_MS / 1_000} s ` +
      `but received '${messageOf(obstacle)}'; run the command again if it was still recovering; its log ends:\n` +
      (await lastLogLines(layout)),
    { code: 'postgres-unreachable', cause: obstacle },
  );
}

type Join =
  | { readonly state: 'joined'; readonly lease: Lease; readonly endpoint: Endpoint; readonly password: string }
  /** A server is there but does not let us in yet: it starts, recovers or shuts down. */
  | { readonly state: 'busy'; readonly error: unknown }
  | { readonly state: 'absent'; readonly error?: unknown };

async function joinServer(layout: Layout, options: AttachOptions): Promise<Join> {
  const password = await readPassword(layout);
  const postmaster = await runningPostmaster(layout);
  const endpoint = endpointOf(layout, postmaster?.port);
  const absentOrBusy = postmaster === undefined ? 'absent' : 'busy';
  if (password === undefined || endpoint === undefined) return { state: absentOrBusy, error: undefined };
  const applicationName = applicationNameOf(options.clientName, process.pid, 'winnow-lease');
  try {
    const lease = await Lease.open(connectionOf(layout, endpoint, { password, applicationName }), options.log);
    return { state: 'joined', lease, endpoint, password };
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (WRONG_PASSWORD.has(code)) throw wrongPassword(layout, error);
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return { state: absentOrBusy, error };
    return { state: 'busy', error };
  }
}

/**
 * A socket is tried whatever the pid file says, as only our servers can put one into our private folder: so a server
 * is found whose pid cannot be seen from here (another container). A port may have gone to another program.
 */
function endpointOf(layout: Layout, port: number | undefined): Endpoint | undefined {
  if (layout.usesSocket) return { kind: 'socket' };
  return port === undefined ? undefined : { kind: 'port', port };
}

function wrongPassword(layout: Layout, cause: unknown): UsageError {
  return new UsageError(
    `Expected the superuser's password of the cluster in '${layout.password}' but the server refused it ` +
      `('${messageOf(cause)}'); restore that file from a copy`,
    { code: 'postgres-password', cause },
  );
}

async function detach(layout: Layout, lease: Lease, options: AttachOptions): Promise<void> {
  const { log } = options;
  try {
    await withFileLock(lockOptions(layout, options, 'detaching from PostgreSQL'), async () => {
      const postmaster = await runningPostmaster(layout);
      if (postmaster === undefined) return;
      const others = await lease.others(async (client) => isOurPool(client) || hasEnded(client));
      await lease.close();
      if (others.length > 0) return;
      const stopped = await stopServer(layout, postmaster, async () => openPrograms(layout));
      if (stopped) log.info({ pid: postmaster.pid }, 'stopped the embedded PostgreSQL: no client is left');
      else log.warn({ pid: postmaster.pid }, 'the embedded PostgreSQL is slow to stop; it ends by itself');
    });
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'could not stop the embedded PostgreSQL; the next command takes it over');
  } finally {
    await lease.close();
  }
}

/** Connections of this process's pools, which its owner has just closed. */
function isOurPool({ applicationName }: OtherClient): boolean {
  return applicationName.startsWith('winnow ') && applicationName.endsWith(` ${process.pid}`);
}

function lockOptions(layout: Layout, { clientName, log }: AttachOptions, purpose: string): FileLockOptions {
  return {
    path: layout.lock,
    purpose: `${clientName} ${purpose}`,
    waitMs: LOCK_WAIT_MS,
    onWait: (holder) => log.info({ holder }, 'waiting for another process at the embedded PostgreSQL'),
  };
}
