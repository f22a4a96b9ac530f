import type { StagePlace } from '../../collection/pause.ts';
import type { JobConsumer } from '../../kernel/job.ts';
import { databaseFailure } from '../open/database-failure.ts';
import { LOOK_EVERY_MS, type Pausable, type PauseWatch } from '../open/pause-watch.ts';
import { sleepUnlessAborted } from '../open/sleep.ts';

/** What the work of one job has to know of it. */
export interface JobTurn {
  /** True once no new work is to be begun: a long job ends at the next place where it can be taken up again. */
  shouldStop(): boolean;
}

interface IntakeOptions {
  readonly watch: PauseWatch;
  readonly work: Pausable;
  /** Begins to take jobs. */
  consume(turn: JobTurn): JobConsumer;
  /** Pauses cannot be looked for, and not since the database is away. */
  onError(error: unknown): void;
}

/**
 * Takes jobs off a queue while their stage is not paused, for which it looks once a second until it is stopped and nothing
 * is in hand any more.
 *
 * States: shut (at first, and while it is paused; what is in hand ends) <-> open -> stopped.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #leave: () => void;
  #open: { readonly consumer: JobConsumer; readonly turn: { stops: boolean } } | null = null;
  /** Of consumers that have been stopped: they end with the jobs in hand. */
  readonly #ending = new Set<Promise<void>>();
  #isStopped = false;
  readonly #over = new AbortController();
  readonly #looks: Promise<void>;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#leave = options.watch.join(options.work);
    this.#follow();
    this.#looks = this.#keepLooking();
  }

  get isPaused(): boolean {
    return this.#options.watch.isPaused(this.#place);
  }

  /** Whether a worker that stays is to end. */
  get isToEnd(): boolean {
    return this.#options.watch.isToEnd(this.#place);
  }

  /** Asks whether the stage is paused, and acts on it. */
  async look(): Promise<void> {
    await this.#options.watch.look();
    this.#follow();
  }

  /**
   * Waits as long, but no longer than until the stage is paused or goes on, its workers are told to end, the signal, or
   * `isOver`, for which it looks once a second.
   */
  async rest(forMs: number, signal: AbortSignal, isOver = (): boolean => false): Promise<void> {
    const untilMs = performance.now() + forMs;
    const { isPaused, isToEnd } = this;
    for (;;) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || signal.aborted || isOver() || this.isToEnd !== isToEnd || this.isPaused !== isPaused) return;
      await sleepUnlessAborted(Math.min(leftMs, LOOK_EVERY_MS), signal);
    }
  }

  /** Takes no more; resolves when the jobs in hand are done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#shut();
    await Promise.all(this.#ending);
    this.#over.abort();
    await this.#looks;
    this.#leave();
  }

  get #place(): StagePlace {
    return this.#options.work;
  }

  async #keepLooking(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await sleepUnlessAborted(LOOK_EVERY_MS, signal);
      await this.look().catch((error: unknown) => {
        // Whoever works asks the database, too, and knows what to do.
        if (databaseFailure(error)?.code !== 'database-gone') this.#options.onError(error);
      });
    }
  }

  #follow(): void {
    if (this.isPaused) this.#shut();
    else if (this.#open === null && !this.#isStopped) {
      const turn = { stops: false };
      this.#open = { turn, consumer: this.#options.consume({ shouldStop: () => turn.stops }) };
    }
  }

  #shut(): void {
    if (this.#open === null) return;
    const { consumer, turn } = this.#open;
    this.#open = null;
    turn.stops = true;
    const ended = consumer.stop().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}
