/** The work of evaluating photos: counts, and the time of the threads that did it. */
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

export const NO_WORK: EvaluationWork = { photos: 0, crops: 0, passes: 0, prepareMs: 0, inferMs: 0 };

export function sumOfWork(parts: Iterable<EvaluationWork>): EvaluationWork {
  let sum = NO_WORK;
  for (const part of parts) {
    sum = {
      photos: sum.photos + part.photos,
      crops: sum.crops + part.crops,
      passes: sum.passes + part.passes,
      prepareMs: sum.prepareMs + part.prepareMs,
      inferMs: sum.inferMs + part.inferMs,
    };
  }
  return sum;
}

/** Sums up the work of one thread. */
export class WorkTally {
  #work = NO_WORK;

  get work(): EvaluationWork {
    return this.#work;
  }

  addPhoto(): void {
    this.#work = { ...this.#work, photos: this.#work.photos + 1 };
  }

  addPass(pass: Pick<EvaluationWork, 'crops' | 'prepareMs' | 'inferMs'>): void {
    this.#work = sumOfWork([this.#work, { photos: 0, passes: 1, ...pass }]);
  }
}
