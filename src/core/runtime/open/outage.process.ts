import { setTimeout as sleep } from 'node:timers/promises';
import { databaseFailure } from './database-failure.process.ts';

/** How long to wait for the database. A restart or a move of the server takes far less. */
const PATIENCE_MS = 300_000;
const RETRY_EVERY_MS = 500;

export interface OutageLog {
  info(message: string): void;
  warn(fields: object, message: string): void;
}

/** Runs some work, again and again while PostgreSQL is unreachable. The work must be safe to run twice. */
export type Patiently = <T>(work: () => Promise<T>) => Promise<T>;

export interface OutageOptions {
  readonly log: OutageLog;
  /** Once it aborts, no work waits any longer. */
  readonly signal: AbortSignal;
  readonly patienceMs?: number;
}

/** Waits for PostgreSQL in commands that work on stages. Logs an outage once, and gives up after five minutes. */
export function waitingOut({ log, signal, patienceMs = PATIENCE_MS }: OutageOptions): Patiently {
  let sinceMs: number | null = null;
  return async (work) => {
    for (;;)
      try {
        const result = await work();
        if (sinceMs !== null) log.info('PostgreSQL is reachable again');
        sinceMs = null;
        return result;
      } catch (error) {
        const failure = databaseFailure(error);
        if (failure?.code !== 'database-gone' || signal.aborted) throw error;
        if (sinceMs === null) log.warn({ reason: failure.message }, 'PostgreSQL is unreachable; waiting for it');
        sinceMs ??= performance.now();
        if (performance.now() - sinceMs >= patienceMs) throw failure;
        await sleepUnlessAborted(RETRY_EVERY_MS, signal);
      }
  };
}

/** Waits until the time is over or the signal aborts. It does not reject. */
export async function sleepUnlessAborted(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(durationMs, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
