import { CropStream, type CropStreamDeps } from '../../models/evidence/crop-stream.process.ts';
import { EvaluatedPhoto, type EvaluationEnd, type EvaluationRules, type EvaluationTask } from './evaluated-photo.ts';

export type { EvaluationProblem, EvaluationResult, EvaluationTask, EnsembleBackbone } from './evaluated-photo.ts';

export type EvaluationDeps = EvaluationRules & Omit<CropStreamDeps, 'backbones' | 'onPassed'>;

/**
 * Evaluates photos as they come, most useful crops first, until each photo is decided for each of its classes. The next
 * photos are decoded at the same time. When a photo is decided, the next one takes its place, so that passes stay full from
 * one batch to the next. States and confusions are the same as if every crop were evaluated, with several times less work.
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
