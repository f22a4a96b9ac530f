import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { isRunning } from '../../lock/process-identity.ts';
import { SteadyClient } from '../steady-client.ts';

const QUERY_TIMEOUT_MS = 10_000;
const HEAL_PAUSE_MS = 250;
const SETTLE_MS = 2_000;
const POLL_MS = 20;
/** The advisory lock that every client of the server shares. */
const LOCK = 1_999_203_951;
const SHARED = 'pg_try_advisory_lock_shared';
const ALONE = 'pg_try_advisory_lock';

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** The logger functions that are used. A pino logger has them. */
export interface EmbeddedLog {
  readonly debug: Write;
  readonly warn: Write;
}

/**
 * A connection with a shared advisory lock, by which the server knows that this client exists. The kernel closes the connection when
 * the client is killed, so nothing must be written down or cleaned up. If the server drops it (it restarts when one of its processes
 * is killed), it is opened again. The process may end with it open.
 */
export class Lease {
  readonly #pool: Pool;
  #isLeaving = false;

  private constructor(url: string, applicationName: string, log: EmbeddedLog) {
    this.#pool = new Pool({
      connectionString: url,
      application_name: applicationName,
      max: 1,
      idleTimeoutMillis: 0,
      allowExitOnIdle: true,
      query_timeout: QUERY_TIMEOUT_MS,
      Client: SteadyClient,
    });
    this.#pool.on('error', (error) => {
      if (this.#isLeaving) return;
      log.warn({ reason: error.message }, 'the embedded PostgreSQL dropped a connection; connecting again');
      void this.#heal();
    });
  }

  /** Null if the last client is stopping the server. Rejects with an error of pg or the system. */
  static async open(url: string, applicationName: string, log: EmbeddedLog): Promise<Lease | null> {
    const lease = new Lease(url, applicationName, log);
    let isTaken = false;
    try {
      isTaken = await lease.#locks(SHARED);
    } finally {
      if (!isTaken) await lease.close();
    }
    return isTaken ? lease : null;
  }

  /**
   * The number of other clients. One whose process has ended gets two seconds to disappear first: the server notices its end some
   * milliseconds later.
   */
  async countOthers(): Promise<number> {
    const deadlineMs = performance.now() + SETTLE_MS;
    for (;;) {
      const { rows } = await this.#pool.query<{ name: string }>(
        `select application_name as name from pg_locks join pg_stat_activity using (pid)
         where locktype = 'advisory' and classid = 0 and objid = ${LOCK} and granted and pid <> pg_backend_pid()`,
      );
      const ended = await Promise.all(rows.map(async ({ name }) => hasEnded(name)));
      if (!ended.includes(true) || performance.now() > deadlineMs) return rows.length;
      await sleep(POLL_MS);
    }
  }

  /** Gives the lease up. If this was the last one, returns true, and no other can be taken until `close`. */
  async giveUp(): Promise<boolean> {
    this.#isLeaving = true;
    await this.#pool.query('select pg_advisory_unlock_all()');
    await this.countOthers();
    if (!(await this.#locks(ALONE))) return false;
    await this.#untilConnectionsAreClosed();
    return true;
  }

  async close(): Promise<void> {
    this.#isLeaving = true;
    if (!this.#pool.ending) await this.#pool.end();
  }

  /**
   * A pool says that it has ended before the server has closed its connections. If the server stopped now, each of them would
   * end with an error. One that stays open is waited for two seconds.
   */
  async #untilConnectionsAreClosed(): Promise<void> {
    const deadlineMs = performance.now() + SETTLE_MS;
    const others = `select 1 from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;
    while ((await this.#pool.query(others)).rows.length > 0 && performance.now() < deadlineMs) await sleep(POLL_MS);
  }

  async #locks(call: string): Promise<boolean> {
    const { rows } = await this.#pool.query<{ locked: boolean }>(`select ${call}(${LOCK}) as locked`);
    return rows[0]?.locked === true;
  }

  async #heal(): Promise<void> {
    do await sleep(HEAL_PAUSE_MS, undefined, { ref: false });
    while (!this.#isLeaving && !(await this.#locks(SHARED).catch(() => false)));
  }
}

/** Whether the process that a connection is named after has ended. */
async function hasEnded(applicationName: string): Promise<boolean> {
  const pid = /^winnow \S+ (\d+)/.exec(applicationName)?.[1];
  return pid !== undefined && !(await isRunning(Number(pid)));
}
