import type { StagePlace } from '../../collection/pause.ts';
import type { JobConsumer } from '../../kernel/job.ts';
import { databaseFailure } from '../open/database-failure.process.ts';
import { LOOK_EVERY_MS, type Pausable, type PauseWatch } from '../open/pause-watch.process.ts';
import { sleepUnlessAborted } from '../open/outage.process.ts';

export interface JobControl {
  /** True once the stage is paused or stops. A long job then ends at the next point from which it can resume. */
  shouldStop(): boolean;
}

interface JobIntakeOptions {
  readonly watch: PauseWatch;
  readonly work: Pausable;
  consume(control: JobControl): JobConsumer;
  /** Called if the pauses cannot be read for a reason other than an unreachable database. */
  onError(error: unknown): void;
}

/**
 * Takes jobs from a queue while their stage is not paused. It reads the pauses once a second until it has stopped and no
 * job runs any more.
 *
 * States:
 * - shut: it has no consumer. It starts in this state, and returns to it when the stage is paused. Running jobs finish.
 * - open: a consumer takes jobs. It enters this state when the stage is not paused.
 * - stopped: the final state, after `stop`. Running jobs finish.
 */
export class JobIntake {
  readonly #options: JobIntakeOptions;
  readonly #leave: () => void;
  #open: { readonly consumer: JobConsumer; readonly control: { stops: boolean } } | null = null;
  /** Consumers that were stopped but whose last jobs still run. */
  readonly #ending = new Set<Promise<void>>();
  #isStopped = false;
  readonly #over = new AbortController();
  readonly #looks: Promise<void>;

  constructor(options: JobIntakeOptions) {
    this.#options = options;
    this.#leave = options.watch.join(options.work);
    this.#follow();
    this.#looks = this.#keepLooking();
  }

  get isPaused(): boolean {
    return this.#options.watch.isPaused(this.#place);
  }

  get mustEnd(): boolean {
    return this.#options.watch.mustEnd(this.#place);
  }

  async look(): Promise<void> {
    await this.#options.watch.look();
    this.#follow();
  }

  /** Waits. Returns early, within a second, if the stage is paused or resumed or must end, on an abort, or if `isOver()`. */
  async rest(forMs: number, signal: AbortSignal, isOver = (): boolean => false): Promise<void> {
    const untilMs = performance.now() + forMs;
    const { isPaused, mustEnd } = this;
    for (;;) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || signal.aborted || isOver() || this.mustEnd !== mustEnd || this.isPaused !== isPaused) return;
      await sleepUnlessAborted(Math.min(leftMs, LOOK_EVERY_MS), signal);
    }
  }

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
        // If the database is unreachable, the stage's own queries fail too, and the stage handles that.
        if (databaseFailure(error)?.code !== 'database-gone') this.#options.onError(error);
      });
    }
  }

  #follow(): void {
    if (this.isPaused) this.#shut();
    else if (this.#open === null && !this.#isStopped) {
      const control = { stops: false };
      this.#open = { control, consumer: this.#options.consume({ shouldStop: () => control.stops }) };
    }
  }

  #shut(): void {
    if (this.#open === null) return;
    const { consumer, control } = this.#open;
    this.#open = null;
    control.stops = true;
    const ended = consumer.stop().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}
