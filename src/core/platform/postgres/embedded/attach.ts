import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import { StopTheRun, codeOf, messageOf } from '../../../kernel/errors.ts';
import { withFileLock, type FileLockOptions } from '../../lock/file-lock.ts';
import { Lease, type LeaseLog, type WorkLocks } from '../lease.ts';
import { SteadyClient } from '../steady-client.ts';
import { ensureCluster, readPassword, wrongPassword } from './cluster.ts';
import { DISK_FULL, explained } from './failures.ts';
import { prepareLayout, ROLE, urlOf, type Layout, type Port } from './layout.ts';
import { runningPostmaster } from './postmaster.ts';
import { openPrograms, type Programs } from './programs.ts';
import { START_LIMIT_MS, lastLogLines, startAgain, startServer, stopServer, trimLog } from './server.ts';
import { copyBeforeUpgrade, migrateAt, stopAlone, type Upgrade } from './upgrade.ts';

export interface AttachOptions {
  /** The data folder. Created if missing. Two spellings of one folder count as one folder. */
  readonly dataDir: string;
  readonly clientName: string;
  readonly log: LeaseLog;
  readonly onLost?: (reason: unknown) => void;
  readonly whileStarting?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EmbeddedPostgres {
  /** For clients and pools of pg. It contains the password: never log it. */
  readonly url: string;
  /** True if no other client was attached when this one attached. Then no other client's work is in progress. */
  readonly soleClient: boolean;
  readonly upgrade: Upgrade | null;
  readonly workLocks: WorkLocks;
  /** The last client stops the server, so close pools first. Never rejects. May be called again. */
  detach(): Promise<void>;
}

/** Longer than a holder's own limits for initdb and start together. */
const ATTACH_WAIT_MS = 330_000;
const POLL_MS = 50;
const NOBODY_THERE = new Set(['ENOENT', 'ECONNREFUSED']);
// SQLSTATE codes: https://www.postgresql.org/docs/18/errcodes-appendix.html
const WRONG_PASSWORD = new Set(['28P01', '28000']);
const UNKNOWN_DATABASE = '3D000';
/** The server starts, stops or recovers, or has no free connection, or its database is being created (55006). */
const PASSES = new Set(['57P01', '57P02', '57P03', '53300', UNKNOWN_DATABASE, '55006']);
/** The database exists already, or another session is adding its row to the list of databases. */
const DATABASE_MADE_BY_ANOTHER = new Set(['42P04', '23505']);

/**
 * Creates, starts or joins the embedded PostgreSQL of a data folder. Any number of processes may call this at once. The
 * server is not a child of any process: it survives a client that is killed, and the next client uses it. Errors
 * (UsageError, StopTheRun, Interrupted) leave nothing half made.
 */
export async function attachEmbedded(options: AttachOptions): Promise<EmbeddedPostgres> {
  const { dataDir } = options;
  try {
    const layout = await prepareLayout(dataDir);
    return await withFileLock({ ...lockOf(layout, options), signal: options.signal }, async () =>
      attach(layout, options),
    );
  } catch (error) {
    throw explained(error, dataDir);
  }
}

function lockOf(layout: Layout, { clientName, log }: AttachOptions): FileLockOptions {
  return {
    path: layout.lock,
    purpose: `attach of ${clientName} to the embedded PostgreSQL`,
    waitMs: ATTACH_WAIT_MS,
    onWait: (holder) => log.debug({ holder }, 'waiting for another process at the embedded PostgreSQL'),
  };
}

/**
 * Starts the server again after it was killed, unless another client has. Its address stays. The caller holds the lock.
 *
 * @param connect rejects if no connection can be opened. A server whose pid is not visible from here (another container) may recover
 */
async function startIfDown(
  layout: Layout,
  {
    log,
    port,
    connect,
  }: Pick<AttachOptions, 'log'> & { readonly port: Port; readonly connect: () => Promise<unknown> },
): Promise<void> {
  if ((await runningPostmaster(layout)) !== undefined) return;
  try {
    await connect();
    return;
  } catch (error) {
    if (!NOBODY_THERE.has(codeOf(error) ?? '')) throw error;
  }
  await startAgain(layout, port);
  log.warn({}, 'the embedded PostgreSQL had ended without being stopped; it was started again');
}

async function attach(layout: Layout, options: AttachOptions): Promise<EmbeddedPostgres> {
  const startedMs = performance.now();
  const { lease, url, how, upgrade } = await reachCurrent(layout, options);
  let leaving: Promise<void> | undefined;
  const leave = async (): Promise<void> => (leaving ??= detach(layout, lease, options));
  try {
    await trimLog(layout.serverLog);
    const others = (await lease.others()).length;
    const durationMs = Math.round(performance.now() - startedMs);
    options.log.debug({ how, others, durationMs }, 'attached to the embedded PostgreSQL');
    return { url, soleClient: others === 0, upgrade, workLocks: lease, detach: leave };
  } catch (error) {
    await leave();
    throw error;
  }
}

interface Reached {
  readonly lease: Lease;
  readonly url: string;
  readonly how: 'joined' | 'started';
}

/** The server with a catalogue that this winnow knows: an older one is brought up to date. The caller holds the lock. */
async function reachCurrent(layout: Layout, options: AttachOptions): Promise<Reached & { upgrade: Upgrade | null }> {
  let reached: Reached | null = await reachServer(layout, options);
  try {
    const state = await reached.lease.readSchema();
    if (state.kind !== 'older') return { ...reached, upgrade: null };
    await stopAlone(layout, reached.lease, state);
    reached = null;
    const upgrade = await copyBeforeUpgrade(layout, state, options.log);
    reached = await reachServer(layout, options);
    await migrateAt(reached.url);
    return { ...reached, upgrade };
  } catch (error) {
    if (reached !== null) await detach(layout, reached.lease, options);
    throw error;
  }
}

/** Joins the running server or starts one, again while an obstacle passes. Stops one that it cannot join. */
async function reachServer(layout: Layout, options: AttachOptions): Promise<Reached> {
  const deadlineMs = performance.now() + START_LIMIT_MS;
  let programs: Programs | undefined;
  let how: Reached['how'] = 'joined';
  let obstacle: unknown;
  try {
    while (performance.now() < deadlineMs) {
      const found = await joinServer(layout, options);
      if ('lease' in found) return { ...found, how };
      obstacle = found.error ?? obstacle;
      if (found.isThere) {
        await sleep(POLL_MS);
        continue;
      }
      if (programs === undefined) {
        programs = await openPrograms(layout);
        await ensureCluster(layout, programs);
      }
      if (await startServer(layout, programs, { whileStarting: options.whileStarting })) how = 'started';
    }
    throw await unreachable(layout, obstacle);
  } catch (error) {
    if (how === 'started') await stopServer(layout);
    throw error;
  }
}

/** A server may be there but accept no connection yet, because it starts, recovers or shuts down. */
interface NotJoined {
  readonly isThere: boolean;
  readonly error?: unknown;
}

async function joinServer(layout: Layout, options: AttachOptions): Promise<Omit<Reached, 'how'> | NotJoined> {
  const { clientName, log, onLost } = options;
  const password = await readPassword(layout);
  const postmaster = await runningPostmaster(layout);
  const isThere = postmaster !== undefined;
  if (password === undefined && isThere) throw wrongPassword(layout, 'the file is missing');
  // A socket is tried without regard to the pid file, because only our servers can create one in our private folder. This finds a
  // server whose pid is not visible from here (another container). A port may have gone to another program.
  const port = postmaster?.port ?? null;
  if (password === undefined || (port === null && !layout.usesSocket)) return { isThere };
  const url = urlOf(layout, { port, password });
  const applicationName = `winnow ${clientName} ${process.pid}`;
  const revive = (takeLease: () => Promise<unknown>): Promise<void> =>
    withFileLock(lockOf(layout, options), async () => {
      await startIfDown(layout, { log, port, connect: takeLease });
      await takeLease();
    });
  const openLease = () => Lease.open({ url, applicationName, log, revive, onLost });
  try {
    const lease = await openLease().catch(async (error: unknown) => {
      if (codeOf(error) !== UNKNOWN_DATABASE) throw error;
      await createDatabase(urlOf(layout, { port, password, database: 'postgres' }));
      return openLease();
    });
    return lease === null ? { isThere: true } : { lease, url };
  } catch (error) {
    await throwUnlessPassing(layout, error);
    return { isThere: isThere || !NOBODY_THERE.has(codeOf(error) ?? ''), error };
  }
}

async function throwUnlessPassing(layout: Layout, error: unknown): Promise<void> {
  const code = codeOf(error) ?? '';
  if (WRONG_PASSWORD.has(code)) throw wrongPassword(layout, messageOf(error));
  if (error instanceof DatabaseError && !PASSES.has(code)) throw await unreachable(layout, error);
}

/** If a client is killed while it creates the database, the server still completes it, and the next client finds it. */
async function createDatabase(url: string): Promise<void> {
  const client = new SteadyClient(url);
  await client.connect();
  try {
    await client.query(`create database ${ROLE}`);
  } catch (error) {
    if (!DATABASE_MADE_BY_ANOTHER.has(codeOf(error) ?? '')) throw error;
  } finally {
    await client.end();
  }
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

async function detach(layout: Layout, lease: Lease, { log }: AttachOptions): Promise<void> {
  try {
    await lease.stopHealing();
    const postmaster = await runningPostmaster(layout);
    if (postmaster === undefined || !(await lease.giveUp())) return;
    const { pid } = postmaster;
    if (await stopServer(layout)) log.debug({ pid }, 'stopped the embedded PostgreSQL: no client is left');
    else log.warn({ pid }, 'the embedded PostgreSQL is slow to stop; it ends without further action');
  } catch (error) {
    log.warn({ reason: messageOf(error) }, 'could not stop the embedded PostgreSQL; the next command takes it over');
  } finally {
    await lease.close();
  }
}
