import { databaseFailure } from '../open/database-failure.ts';

/** How long to wait for the database. A restart or a move of the server takes far less. */
const PATIENCE_MS = 300_000;

/** The part of a logger that is used here. */
export interface OutageLog {
  info(message: string): void;
  warn(fields: object, message: string): void;
}

/** Waits while the database is unreachable, for long-running workers. Logs the outage once and gives up after five minutes. */
export class Outage {
  readonly #log: OutageLog;
  readonly #patienceMs: number;
  #sinceMs: number | null = null;

  constructor(log: OutageLog, patienceMs = PATIENCE_MS) {
    this.#log = log;
    this.#patienceMs = patienceMs;
  }

  /** Runs some work. If it fails because the database is unreachable, the caller must run it again later. */
  async bridge(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      if (this.#sinceMs !== null) this.#log.info('PostgreSQL is reachable again');
      this.#sinceMs = null;
    } catch (error) {
      const failure = databaseFailure(error);
      if (failure?.code !== 'database-gone') throw error;
      if (this.#sinceMs === null && this.#patienceMs > 0)
        this.#log.warn({ reason: failure.message }, 'PostgreSQL is unreachable; waiting for it');
      this.#sinceMs ??= performance.now();
      if (performance.now() - this.#sinceMs >= this.#patienceMs) throw failure;
    }
  }

  get isOn(): boolean {
    return this.#sinceMs !== null;
  }
}
