import { WorkTally, type EvaluationWork } from './evaluation-work.ts';

export interface EngineWork extends EvaluationWork {
  readonly threads: number;
  /** When the first photo was given to a thread, in milliseconds since the epoch; null if there was none. */
  readonly startedAtMs: number | null;
  /** Milliseconds from the first photo that a thread was given to the last result. */
  readonly spanMs: number;
}

export class EngineTally extends WorkTally {
  readonly #threads: number;
  #firstMs: number | null = null;
  #lastMs = 0;

  constructor(threads: number) {
    super();
    this.#threads = threads;
  }

  begin(): void {
    this.#firstMs ??= performance.now();
  }

  override add(more: EvaluationWork): void {
    super.add(more);
    this.#lastMs = performance.now();
  }

  get engineWork(): EngineWork {
    const firstMs = this.#firstMs;
    return {
      ...this.work,
      threads: this.#threads,
      startedAtMs: firstMs === null ? null : Math.round(performance.timeOrigin + firstMs),
      spanMs: firstMs === null ? 0 : Math.max(0, this.#lastMs - firstMs),
    };
  }
}
