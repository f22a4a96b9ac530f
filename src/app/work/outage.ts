import { databaseFailure } from '../open/database-failure.ts';

/** A server that is restarted, or moved, is back long before. */
const PATIENCE_MS = 300_000;

/** Of a logger, what is used here. */
export interface OutageLog {
  info(message: string): void;
  warn(fields: object, message: string): void;
}

/** Bridges the time that a database is away for whoever stays: told once, given up after five minutes. */
export class Outage {
  readonly #log: OutageLog;
  readonly #patienceMs: number;
  #sinceMs: number | null = null;

  constructor(log: OutageLog, patienceMs = PATIENCE_MS) {
    this.#log = log;
    this.#patienceMs = patienceMs;
  }

  /** Does some work; where it fails because the database is away it is to be done again later. */
  async bridge(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      if (this.#sinceMs !== null) this.#log.info('PostgreSQL is back');
      this.#sinceMs = null;
    } catch (error) {
      const failure = databaseFailure(error);
      if (failure?.code !== 'database-gone') throw error;
      if (this.#sinceMs === null && this.#patienceMs > 0)
        this.#log.warn({ reason: failure.message }, 'waits for PostgreSQL to come back');
      this.#sinceMs ??= performance.now();
      if (performance.now() - this.#sinceMs >= this.#patienceMs) throw failure;
    }
  }

  get isOn(): boolean {
    return this.#sinceMs !== null;
  }
}
