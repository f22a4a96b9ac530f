export interface EvaluationWork {
  /** Photos that were decoded. */
  readonly photos: number;
  readonly crops: number;
  readonly passes: number;
  /** Resizing and filling tensors, in milliseconds of all threads. */
  readonly prepareMs: number;
  /** Forward passes, in milliseconds of all threads. */
  readonly inferMs: number;
}

const NO_WORK: EvaluationWork = { photos: 0, crops: 0, passes: 0, prepareMs: 0, inferMs: 0 };

export class WorkTally {
  #work = NO_WORK;

  get work(): EvaluationWork {
    return this.#work;
  }

  addPhoto(): void {
    this.add({ ...NO_WORK, photos: 1 });
  }

  addPass(pass: Pick<EvaluationWork, 'crops' | 'prepareMs' | 'inferMs'>): void {
    this.add({ ...NO_WORK, passes: 1, ...pass });
  }

  add(more: EvaluationWork): void {
    this.#work = {
      photos: this.#work.photos + more.photos,
      crops: this.#work.crops + more.crops,
      passes: this.#work.passes + more.passes,
      prepareMs: this.#work.prepareMs + more.prepareMs,
      inferMs: this.#work.inferMs + more.inferMs,
    };
  }

  /** Returns the sum and starts again from nothing. */
  take(): EvaluationWork {
    const taken = this.#work;
    this.#work = NO_WORK;
    return taken;
  }
}

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
