import { CropStream, type CropStreamDeps } from '../evidence/crop-stream.process.ts';
import {
  EvaluatedPhoto,
  type EvaluationEnd,
  type EvaluationResult,
  type EvaluationRules,
  type EvaluationTask,
} from './evaluated-photo.ts';

export type { EvaluationProblem, EvaluationResult, EvaluationTask, EnsembleBackbone } from './evaluated-photo.ts';

export type EvaluationDeps = EvaluationRules & Omit<CropStreamDeps, 'backbones' | 'onPassed'>;

/**
 * Evaluates a batch of photos, most useful crops first, until each photo is decided for each of its classes. The next
 * photos are decoded at the same time. States and confusions are the same as if every crop were evaluated, with several
 * times less work.
 *
 * @returns one result for each task, in order
 * @throws an error that is not about its photo, once the other photos are evaluated
 */
export async function evaluateBatch(
  tasks: readonly EvaluationTask[],
  deps: EvaluationDeps,
): Promise<EvaluationResult[]> {
  const stream = new PhotoStream(deps);
  const results = tasks.map(
    (task) => new Promise<EvaluationResult>((settle, fail) => stream.push({ task, settle, fail })),
  );
  // Waits for all photos, so that nothing still runs after an error.
  await Promise.allSettled(results);
  return Promise.all(results);
}

/**
 * Evaluates photos as they come. When a photo is decided, the next one takes its place, so that passes stay full from one
 * batch to the next.
 */
export class PhotoStream {
  readonly #rules: EvaluationRules;
  readonly #stream: CropStream;

  constructor(deps: EvaluationDeps) {
    this.#rules = deps;
    const { backbones, order } = deps;
    this.#stream = new CropStream({
      ...deps,
      // Each member of a backbone counts the whole time of the pass, as if it had run alone.
      onPassed: (backbone, pass) => backbones[backbone]?.members.forEach((member) => order.learnCost(member, pass)),
    });
  }

  /** A photo that the stored evidence decides is settled at once. */
  push({ task, settle, fail }: EvaluationEnd & { readonly task: EvaluationTask }): void {
    this.#stream.push(new EvaluatedPhoto(task, this.#rules, { settle, fail }));
  }

  /** Resolves once every photo has been settled or has failed, and no pass is running. */
  idle(): Promise<void> {
    return this.#stream.idle();
  }
}
