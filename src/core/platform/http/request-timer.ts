import { setMaxListeners } from 'node:events';
import { Interrupted } from '../../kernel/errors.ts';
import { type Refusal, Refused } from './http-outcome.ts';

/** Limits the time of a request with all its hops. The reason of an abort is a `Refused`, or the caller's `Interrupted`. */
export class RequestTimer {
  receivedBytes = 0;
  readonly #controller = new AbortController();
  readonly #totalTimeoutMs: number;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #interrupt = (): void => this.#controller.abort(new Interrupted());
  #usedMs = 0;

  constructor(totalTimeoutMs: number, callerSignal: AbortSignal | undefined) {
    this.#totalTimeoutMs = totalTimeoutMs;
    this.#callerSignal = callerSignal;
    if (callerSignal === undefined) return;
    if (callerSignal.aborted) this.#interrupt();
    // One signal stops many requests. Without this, Node would warn of a leak at more than ten listeners.
    setMaxListeners(0, callerSignal);
    callerSignal.addEventListener('abort', this.#interrupt);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(refusal: Refusal): void {
    this.#controller.abort(new Refused(refusal));
  }

  /** Counts the time of this work against the limit. Waiting for slots and permits is not the host's fault and is not counted. */
  async timed<T>(work: () => Promise<T>): Promise<T> {
    const detail = `not done within ${this.#totalTimeoutMs} ms`;
    const stop = everyRunningMs(this.#totalTimeoutMs - this.#usedMs, () =>
      this.abort({ reason: 'timeout-total', detail }),
    );
    try {
      return await work();
    } finally {
      this.#usedMs += stop();
    }
  }

  /** Must be called at the end. Removes the listener from the caller's signal. */
  close(): void {
    this.#callerSignal?.removeEventListener('abort', this.#interrupt);
  }
}

const TICKS = 10;

/**
 * Calls `onPeriod` every `periodMs` of running time. It looks at the clock ten times a period. A longer gap counts as a
 * fifth of a period, because the host is not to blame while this process is stopped or too busy.
 *
 * @returns a function that stops the calls, and returns how many milliseconds were counted in all
 */
export function everyRunningMs(periodMs: number, onPeriod: () => void): () => number {
  const tickMs = periodMs / TICKS;
  let countedMs = 0;
  let dueMs = periodMs;
  let lastMs = performance.now();
  const count = (): void => {
    const nowMs = performance.now();
    countedMs += Math.min(nowMs - lastMs, 2 * tickMs);
    lastMs = nowMs;
  };
  const interval = setInterval(() => {
    count();
    // Timers are not exact: the tenth tick may come a little early.
    if (countedMs < dueMs - tickMs / 2) return;
    dueMs = countedMs + periodMs;
    onPeriod();
  }, tickMs);
  return () => {
    clearInterval(interval);
    count();
    return countedMs;
  };
}
