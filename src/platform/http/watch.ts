import { setMaxListeners } from 'node:events';
import { Interrupted } from '../../kernel/errors.ts';
import type { Refusal } from '../../source/http-outcome.ts';
import { Refused } from './refused.ts';

/**
 * Watches over one request with all of its hops: its one AbortSignal, the time it may take in all, the bytes it brought.
 * The signal's reason is a `Refused`, or an `Interrupted` if the caller's own signal was aborted.
 */
export class Watch {
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
    // One signal stops many requests; Node would take more than ten listeners for a leak.
    setMaxListeners(0, callerSignal);
    callerSignal.addEventListener('abort', this.#interrupt);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(refusal: Refusal): void {
    this.#controller.abort(new Refused(refusal));
  }

  /** Counts the time of this work, which is the host's; that of waiting for slots and permits is ours and not counted. */
  async timed<T>(work: () => Promise<T>): Promise<T> {
    const detail = `not done within ${this.#totalTimeoutMs} ms`;
    const timer = setTimeout(
      () => this.abort({ reason: 'timeout-total', detail }),
      this.#totalTimeoutMs - this.#usedMs,
    );
    const startedMs = performance.now();
    try {
      return await work();
    } finally {
      clearTimeout(timer);
      this.#usedMs += performance.now() - startedMs;
    }
  }

  /** To be called when all is done; forgets the caller's signal. */
  close(): void {
    this.#callerSignal?.removeEventListener('abort', this.#interrupt);
  }
}
