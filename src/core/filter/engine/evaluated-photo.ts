import {
  mergeEvidence,
  noCrops,
  summariseCrop,
  type CropEvidence,
  type CropRef,
  type PhotoEvidence,
} from '../../models/evidence/evidence.ts';
import type {
  CropRunner,
  CropOutputs,
  StreamedPhoto,
  UnreadablePhoto,
} from '../../models/evidence/crop-stream.process.ts';
import { notFiniteText } from '../../models/evidence/softmax.ts';
import type { BackboneCrop } from '../../models/evidence/schedule.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { Truth } from '../rule/judge.ts';
import { cropsToEvaluate, type CropRequest } from '../rule/crops-to-evaluate.ts';
import { notFiniteProblem, type NotFinite, type NotFiniteCrop } from './not-finite.ts';

export interface EvaluationTask {
  readonly sha256: Sha256;
  /** The classes that the photo is a candidate of, as positions in the class list; null for no class (mode O). */
  readonly truths: readonly Truth[];
  readonly evidence: PhotoEvidence;
  /** The photo's bytes, if the caller has read them. Otherwise they are read from the blobs. */
  readonly bytes?: Uint8Array;
}

export interface EvaluationResult {
  /** Only the evidence of this evaluation. */
  readonly fresh: PhotoEvidence;
  readonly problem: EvaluationProblem | null;
}

/** `poison`: it kills the process. `not-finite`: every crop that could decide it ran, but some gave no finite numbers. */
export type EvaluationProblem = UnreadablePhoto | { readonly kind: 'poison'; readonly detail: string } | NotFinite;

/** A backbone whose outputs are logits over the class list, one row for each of its members. */
export interface EnsembleBackbone extends CropRunner {
  /** Positions in the ensemble, in the order of the outputs. Members of one backbone share its forward passes. */
  readonly members: readonly number[];
}

export interface EvaluationRules extends CropRequest {
  readonly members: readonly string[];
  /** Positions of the members whose p are sigmoids. Default: none. */
  readonly sigmoid?: readonly number[];
  readonly backbones: readonly EnsembleBackbone[];
}

/** How a photo ends: exactly one of the two functions is called, once. */
export interface EvaluationEnd {
  readonly settle: (result: EvaluationResult) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * A pass gives the logits of all members that share the backbone. Those of members that were not asked are kept until their turn
 * comes, and then cost no pass. So the evidence is the same as if each member had its own backbone.
 */
export class EvaluatedPhoto implements StreamedPhoto {
  readonly fail: EvaluationEnd['fail'];
  readonly #task: EvaluationTask;
  readonly #rules: EvaluationRules;
  readonly #settle: EvaluationEnd['settle'];
  readonly #fresh: (CropEvidence | null)[][];
  readonly #notFinite: NotFiniteCrop[] = [];
  /** Logits by member and crop that came from passes for other members. */
  readonly #putBy: Map<number, Float32Array>[];
  /** Crops that can still decide the photo and have not failed. Empty once the photo is decided or cannot be decided. */
  #missing: readonly CropRef[];
  #asked: CropRef | null = null;

  constructor(task: EvaluationTask, rules: EvaluationRules, { settle, fail }: EvaluationEnd) {
    this.#task = task;
    this.#rules = rules;
    this.#settle = settle;
    this.fail = fail;
    this.#fresh = rules.members.map(noCrops);
    this.#putBy = rules.members.map(() => new Map());
    this.#missing = cropsToEvaluate(task, rules);
  }

  get sha256(): Sha256 {
    return this.#task.sha256;
  }

  next(): BackboneCrop | null {
    const { backbones } = this.#rules;
    for (;;) {
      this.#asked = this.#missing[0] ?? null;
      if (this.#asked === null) return null;
      const { member, crop } = this.#asked;
      const logits = this.#putBy[member]?.get(crop);
      if (logits === undefined)
        return { backbone: backbones.findIndex(({ members }) => members.includes(member)), crop };
      this.#see(this.#asked, logits);
    }
  }

  take(outputs: CropOutputs): void {
    const asked = this.#asked;
    const members = this.#rules.backbones.find((one) => one.members.includes(asked?.member ?? -1))?.members;
    if (asked === null || members === undefined) throw new Error('Expected outputs only for a crop that was asked for');
    members.forEach((member, i) => {
      const logits = outputs[i];
      if (logits === undefined) throw new Error('Expected logits for each member of a backbone but some are missing');
      if (member === asked.member) this.#see(asked, logits);
      else this.#putBy[member]?.set(asked.crop, logits);
    });
  }

  settle(problem: UnreadablePhoto | null): void {
    const nameOf = (member: number): string => this.#rules.members[member] ?? `member ${member}`;
    // A photo that still lacks crops was stopped early. That is not a problem of the photo.
    const found = this.#missing.length === 0 ? notFiniteProblem(this.#notFinite, nameOf) : null;
    this.#settle({ fresh: this.#fresh, problem: problem ?? found });
  }

  #see(ref: CropRef, logits: Float32Array): void {
    const cells = this.#fresh[ref.member];
    if (cells === undefined) return;
    // The problem is one crop of one photo. Other crops may still decide the photo in any order, and other photos continue.
    const said = notFiniteText(logits, 'class');
    const isSigmoid = this.#rules.sigmoid?.includes(ref.member);
    if (said === null) cells[ref.crop] = summaryOf(this.#task, logits, isSigmoid);
    else this.#notFinite.push({ ...ref, said });
    const { truths, evidence } = this.#task;
    const known = mergeEvidence(evidence, this.#fresh);
    this.#missing = cropsToEvaluate({ truths, evidence: known, notFinite: this.#notFinite }, this.#rules);
  }
}

function summaryOf({ truths }: EvaluationTask, logits: Float32Array, isSigmoid?: boolean): CropEvidence {
  return summariseCrop(
    logits,
    truths.filter((truth) => truth !== null),
    isSigmoid,
  );
}
