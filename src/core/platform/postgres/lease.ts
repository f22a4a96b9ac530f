import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import { isRunning } from '../lock/process-identity.ts';
import { readSchema, refuseUnknownSchema, type SchemaState } from './schema.ts';
import { SteadyClient } from './steady-client.ts';

const QUERY_TIMEOUT_MS = 10_000;
/** The pause before a lost server is started again. It doubles with each failed start, because a start on a full disk is work for nothing. */
const HEAL_PAUSE_MS = 250;
const LONGEST_HEAL_PAUSE_MS = 4_000;
const SETTLE_MS = 2_000;
const POLL_MS = 20;
/** A server that cannot be started again for this long is given up. */
const REVIVE_LIMIT_MS = 60_000;
/** The advisory lock that every client of the catalogue shares. */
const LOCK = 1_999_203_951;
const SHARED = 'pg_try_advisory_lock_shared';
const ALONE = 'pg_try_advisory_lock';
/** First key of the advisory locks that processes share while they work on one collection. The second is the collection's id. */
const WORK = 0x57_4e_57;

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export interface LeaseLog {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
}

export interface LeaseOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly log: LeaseLog;
  /** Starts a lost server again. It calls `takeLease` before another client can take itself for the only one. */
  readonly revive?: (takeLease: () => Promise<unknown>) => Promise<void>;
  /** Called when this process must not go on: the server cannot be started again, or the catalogue has another schema. */
  readonly onLost?: ((reason: unknown) => void) | undefined;
}

export type WorkLocks = Pick<Lease, 'shareWork' | 'aloneAtWork'>;

/**
 * A connection with a shared advisory lock, which shows others that this process uses the catalogue. The kernel closes the
 * connection when the process is killed, so nothing must be written down or cleaned up. If the server drops it (it restarts
 * when one of its processes is killed), it is opened again. The process may end with it open.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #pool: Pool;
  readonly #leaving = new AbortController();
  #isLost = false;
  #healing: Promise<void> | null = null;
  /** The work locks that this process shares, each with what checks it after the connection was lost. */
  readonly #work = new Map<number, () => Promise<void>>();

  private constructor(options: LeaseOptions) {
    this.#options = options;
    this.#pool = new Pool({
      connectionString: options.url,
      application_name: options.applicationName,
      max: 1,
      idleTimeoutMillis: 0,
      allowExitOnIdle: true,
      query_timeout: QUERY_TIMEOUT_MS,
      Client: SteadyClient,
    });
    this.#pool.on('error', (error) => this.#noteLoss(error));
  }

  /** Null if another process has the lock alone: the last client stops the server, or the schema is being changed. */
  static async open(options: LeaseOptions): Promise<Lease | null> {
    return Lease.#open(options, SHARED);
  }

  /** Takes the lock alone. Null if another process uses the catalogue. */
  static async openAlone(options: LeaseOptions): Promise<Lease | null> {
    return Lease.#open(options, ALONE);
  }

  static async #open(options: LeaseOptions, lock: string): Promise<Lease | null> {
    const lease = new Lease(options);
    let isTaken = false;
    try {
      isTaken = await lease.#locks(lock);
    } finally {
      if (!isTaken) await lease.close();
    }
    return isTaken ? lease : null;
  }

  readSchema(): Promise<SchemaState> {
    return readSchema((statement) => this.#pool.query(statement));
  }

  /** Names of the other clients' connections. One whose process has just ended gets two seconds to disappear. */
  async others(): Promise<string[]> {
    const deadlineMs = performance.now() + SETTLE_MS;
    for (;;) {
      const names = await this.#others(0, LOCK);
      const ended = await Promise.all(names.map(hasEnded));
      if (!ended.includes(true) || performance.now() > deadlineMs) return names;
      await sleep(POLL_MS);
    }
  }

  /**
   * Shares the work lock of a collection as long as the lease lasts. Waits while another process has it alone. After a
   * lost connection the lock is taken again, and `check` called. If that rejects with a UsageError, the lease is lost
   * with it.
   */
  async shareWork(collectionId: number, check: () => Promise<void>): Promise<void> {
    await this.#pool.query('select pg_advisory_lock_shared($1, $2)', [WORK, collectionId]);
    this.#work.set(collectionId, check);
  }

  /** Runs `work` alone with the work lock of a collection. Null; or, if it was not run, the connections that share the lock. */
  async aloneAtWork(collectionId: number, work: () => Promise<void>): Promise<readonly string[] | null> {
    const keys = [WORK, collectionId];
    const { rows } = await this.#pool.query<{ locked: boolean }>(`select ${ALONE}($1, $2) as locked`, keys);
    if (rows[0]?.locked !== true) return this.#others(WORK, collectionId);
    try {
      await work();
    } finally {
      await this.#pool.query('select pg_advisory_unlock($1, $2)', keys);
    }
    return null;
  }

  /** Gives the lease up. If this was the last one, returns true, and no other can be taken until `close`. */
  async giveUp(): Promise<boolean> {
    await this.stopHealing();
    await this.#pool.query('select pg_advisory_unlock_all()');
    await this.others();
    if (!(await this.#locks(ALONE))) return false;
    await this.#untilConnectionsAreClosed();
    return true;
  }

  async #others(classId: number, objectId: number): Promise<string[]> {
    const { rows } = await this.#pool.query<{ name: string }>(
      `select application_name as name from pg_locks join pg_stat_activity using (pid)
       where locktype = 'advisory' and classid = $1 and objid = $2 and granted and pid <> pg_backend_pid()
         and database = (select oid from pg_database where datname = current_database())`,
      [classId, objectId],
    );
    return rows.map(({ name }) => name);
  }

  /** From now on a lost connection stays lost. Waits for a server that is being started again. */
  async stopHealing(): Promise<void> {
    this.#leaving.abort();
    await this.#healing;
  }

  async close(): Promise<void> {
    await this.stopHealing();
    if (!this.#pool.ending) await this.#pool.end();
  }

  /** A pool ends before the server has closed its connections, which would end with an error if it stopped now. */
  async #untilConnectionsAreClosed(): Promise<void> {
    const deadlineMs = performance.now() + SETTLE_MS;
    const others = `select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;
    while ((await this.#pool.query(others)).rows.length > 0 && performance.now() < deadlineMs) await sleep(POLL_MS);
  }

  async #locks(call: string): Promise<boolean> {
    // The connection is idle all its life, which a server may forbid.
    await this.#pool.query('set idle_session_timeout = 0');
    const { rows } = await this.#pool.query<{ locked: boolean }>(`select ${call}(${LOCK}) as locked`);
    return rows[0]?.locked === true;
  }

  #noteLoss({ message }: Error): void {
    if (this.#isLeaving) return;
    this.#options.log.warn({ reason: message }, 'PostgreSQL dropped a connection; connecting again');
    this.#isLost = true;
    this.#healing ??= this.#heal().finally(() => (this.#healing = null));
  }

  async #heal(): Promise<void> {
    const deadlineMs = performance.now() + REVIVE_LIMIT_MS;
    let said = '';
    let pauseMs = HEAL_PAUSE_MS;
    while (this.#isLost && !this.#isLeaving) {
      await this.#pause(pauseMs);
      if (this.#isLeaving) return;
      // The connection may be lost again while the schema is read.
      this.#isLost = false;
      if (await this.#locks(SHARED).catch(() => false)) {
        await this.#refuseOtherState();
        continue;
      }
      this.#isLost = true;
      const problem = await this.#revive();
      if (problem === null) continue;
      pauseMs = Math.min(2 * pauseMs, LONGEST_HEAL_PAUSE_MS);
      if (performance.now() >= deadlineMs) {
        this.#options.onLost?.(problem);
        return;
      }
      if (messageOf(problem) !== said)
        this.#options.log.warn({ reason: messageOf(problem) }, 'PostgreSQL could not be started again; trying again');
      said = messageOf(problem);
    }
  }

  get #isLeaving(): boolean {
    return this.#leaving.signal.aborted;
  }

  /** Ends when the lease is given up: nothing else may keep the process alive by then. */
  async #pause(ms: number): Promise<void> {
    const options = { ref: false, signal: this.#leaving.signal };
    await sleep(ms, undefined, options).catch(() => undefined);
  }

  /** Returns why the server could not be started, or null. */
  async #revive(): Promise<unknown> {
    try {
      await this.#options.revive?.(() => this.#locks(SHARED));
      return null;
    } catch (error) {
      return error;
    }
  }

  /** While this process was not connected, another one may have changed the schema, or the rules of a collection. */
  async #refuseOtherState(): Promise<void> {
    try {
      refuseUnknownSchema(await this.readSchema());
      for (const [collectionId, check] of this.#work) {
        await this.shareWork(collectionId, check);
        await check();
      }
      this.#options.log.info({}, 'PostgreSQL is connected again');
    } catch (error) {
      this.#options.log.debug({ reason: messageOf(error) }, 'could not read the state of the catalogue again');
      if (error instanceof UsageError) this.#options.onLost?.(error);
      else this.#isLost = true;
    }
  }
}

/** True if the process in a connection's name has ended. A name with a machine is skipped: its process may be elsewhere. */
async function hasEnded(applicationName: string): Promise<boolean> {
  const pid = /^winnow \S+ (\d+)$/.exec(applicationName)?.[1];
  return pid !== undefined && !(await isRunning(Number(pid)));
}
