import { Interrupted, messageOf } from '../../../core/kernel/errors.ts';
import type { RunningWork, WorkProgress } from '../../../core/page/running-work.ts';

/** Verifications and reports that one server computes: one at a time, because each uses all processors. */
export class LongWork {
  readonly #signal: AbortSignal;
  readonly #states = new Map<string, RunningWork>();
  #running: Promise<void> | null = null;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get isBusy(): boolean {
    return this.#running !== null;
  }

  of(key: string): RunningWork | null {
    return this.#states.get(key) ?? null;
  }

  /** Starts some. False: other work runs. */
  start(
    key: string,
    run: (signal: AbortSignal, onProgress: (progress: WorkProgress) => void) => Promise<void>,
    onProblem: (reason: string) => void,
  ): boolean {
    if (this.#running !== null) return false;
    const work = async (): Promise<void> => {
      this.#states.set(key, { progress: null, problem: null });
      try {
        await run(this.#signal, (progress) => this.#states.set(key, { progress, problem: null }));
        this.#states.delete(key);
      } catch (error) {
        this.#states.set(key, { progress: null, problem: messageOf(error) });
        if (!(error instanceof Interrupted)) onProblem(messageOf(error));
      } finally {
        this.#running = null;
      }
    };
    this.#running = work();
    return true;
  }

  /** Waits for the work that runs; the signal has ended it. */
  async close(): Promise<void> {
    await this.#running;
  }
}
