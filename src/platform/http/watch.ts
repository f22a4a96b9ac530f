import { setMaxListeners } from 'node:events';
import { Interrupted } from '../../kernel/errors.ts';
import type { Refusal } from '../../source/http-outcome.ts';
import { Refused } from './refused.ts';

/**
 * Watches one request with all of its hops: its AbortSignal, its total time, and its received bytes. The reason of the signal
 * is a `Refused`, or an `Interrupted` if the caller's own signal was aborted.
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

  /** Must be called at the end. Removes the listener from the caller's signal. */
  close(): void {
    this.#callerSignal?.removeEventListener('abort', this.#interrupt);
  }
}
