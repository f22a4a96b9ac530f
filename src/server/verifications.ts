import type { VerifyProgress } from '../export/verify/verify.process.ts';
import { Interrupted, messageOf } from '../kernel/errors.ts';
import type { RunningVerification } from '../ui/revisions/revision.ts';

/** The verifications of one server: one at a time, because each uses all processors. */
export class Verifications {
  readonly #signal: AbortSignal;
  readonly #states = new Map<string, RunningVerification>();
  #running: Promise<void> | null = null;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get isBusy(): boolean {
    return this.#running !== null;
  }

  /** The verification of a revision that runs, or that failed last; null: there is none. */
  of(id: string): RunningVerification | null {
    return this.#states.get(id) ?? null;
  }

  /** Starts one. False: another one runs. */
  start(
    id: string,
    run: (signal: AbortSignal, onProgress: (progress: VerifyProgress) => void) => Promise<void>,
    onProblem: (reason: string) => void,
  ): boolean {
    if (this.#running !== null) return false;
    const work = async (): Promise<void> => {
      this.#states.set(id, { progress: null, problem: null });
      try {
        await run(this.#signal, (progress) => this.#states.set(id, { progress, problem: null }));
        this.#states.delete(id);
      } catch (error) {
        this.#states.set(id, { progress: null, problem: messageOf(error) });
        if (!(error instanceof Interrupted)) onProblem(messageOf(error));
      } finally {
        this.#running = null;
      }
    };
    this.#running = work();
    return true;
  }

  /** Waits for the verification that runs; the signal has ended it. */
  async close(): Promise<void> {
    await this.#running;
  }
}
