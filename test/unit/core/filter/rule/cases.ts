import type { Outcome } from '../../../../../src/core/filter/rule/decide.ts';
import type { Policy } from '../../../../../src/core/filter/rule/policy.ts';
import {
  CROPS_PER_MEMBER,
  summariseCrop,
  type CropEvidence,
  type CropRef,
} from '../../../../../src/core/models/evidence/evidence.ts';
import type { Random } from '../../../../support/random.ts';

/** A made photo and its policy. `logits[member][crop]` are the results of all crops. */
export interface Case {
  readonly logits: readonly (readonly Float32Array[])[];
  readonly truth: number;
  readonly policy: Policy;
  /** By member: p of a class is its own sigmoid. Default: none. */
  readonly sigmoid?: readonly boolean[];
}

export type Matrix = (CropEvidence | null)[][];

export const POLICIES = (['max', 'mean'] as const).flatMap((aggregation) =>
  (['any', 'all'] as const).map((members) => ({ aggregation, members })),
);

/** Few classes and few values, so that ties and equal probabilities are common; the true class is seldom liked. */
export function randomCase(random: Random, policy: Pick<Policy, 'aggregation' | 'members'>): Required<Case> {
  const classes = 2 + random.below(3);
  const truth = random.below(classes);
  const dislike = random.pick([0, 1, 2, 4]);
  const members = 1 + random.below(3);
  const crop = (): Float32Array =>
    Float32Array.from({ length: classes }, (_, at) => random.below(4) - (at === truth ? dislike : 0));
  const logits = Array.from({ length: members }, () => Array.from({ length: CROPS_PER_MEMBER }, crop));
  const some = logits[random.below(members)]?.[random.below(CROPS_PER_MEMBER)] ?? new Float32Array(classes);
  const exactly = probabilities(some)[truth] ?? 0.5;
  const sigmoid = logits.map(() => random.below(3) === 0);
  return { logits, truth, sigmoid, policy: { ...policy, threshold: random.pick([0.15, 0.3, 0.5, 0.8, exactly]) } };
}

/** All crops of a case. A test may reveal them in any order. */
export function cropsOf({ logits }: Pick<Case, 'logits'>): CropRef[] {
  return logits.flatMap((crops, member) => crops.map((_, crop) => ({ member, crop })));
}

export function cellOf({ logits, truth, sigmoid }: Case, { member, crop }: CropRef, withLogits = true): CropEvidence {
  const row = logits[member]?.[crop];
  if (row === undefined) throw new RangeError(`no crop ${crop} of member ${member}`);
  const cell = summariseCrop(row, [truth], sigmoid?.[member]);
  return withLogits ? cell : { ...cell, logits: null };
}

export function emptyMatrix(members: number): Matrix {
  return Array.from({ length: members }, () => Array.from({ length: CROPS_PER_MEMBER }, () => null));
}

export function reveal(matrix: Matrix, { member, crop }: CropRef, cell: CropEvidence): void {
  const cells = matrix[member];
  if (cells !== undefined) cells[crop] = cell;
}

/** The part of an outcome that must not depend on the order of evaluation. */
export function essence(outcome: Outcome): object {
  return outcome.state === 'kept'
    ? { state: 'kept', confusion: outcome.confusion, confusionProb: outcome.confusionProb }
    : { state: outcome.state };
}

/** The protocol's "Mode A" read literally on all evidence, sharing no code with what is tested. */
export function expected({ logits, truth, policy, sigmoid }: Case): object {
  const probs = logits.map((crops, member) => crops.map((crop) => probabilities(crop, sigmoid?.[member])));
  const says = probs.map((crops) =>
    policy.aggregation === 'max'
      ? crops.some((p) => drops(p, truth, policy.threshold))
      : drops(meanOf(crops), truth, policy.threshold),
  );
  const dropped = policy.members === 'any' ? says.some(Boolean) : says.every(Boolean);
  if (dropped) return { state: 'dropped' };
  const means = meanOf(probs.flat());
  let confusion = -1;
  means.forEach((p, at) => {
    if (at !== truth && (confusion === -1 || p > (means[confusion] ?? 0))) confusion = at;
  });
  return { state: 'kept', confusion, confusionProb: means[confusion] };
}

/** The p of the true class that the threshold is compared with: the largest of all members, over their crops or of their means. */
export function expectedMaxTrueProb({ logits, truth, policy, sigmoid }: Case): number {
  const probs = logits.map((crops, member) => crops.map((crop) => probabilities(crop, sigmoid?.[member])));
  const compared = policy.aggregation === 'max' ? probs.flat() : probs.map(meanOf);
  return Math.max(...compared.map((p) => p[truth] ?? Number.NaN));
}

function drops(p: readonly number[], truth: number, threshold: number): boolean {
  const first = p.indexOf(Math.max(...p));
  return first === truth || (p[truth] ?? 0) > threshold;
}

/** Summed up in the order of members and crops, as the confusion is, so that ties stay ties. */
export function meanOf(rows: readonly (readonly number[])[]): number[] {
  return (rows[0] ?? []).map((_, at) => rows.reduce((total, row) => total + (row[at] ?? 0), 0) / rows.length);
}

export function probabilities(logits: Float32Array, isSigmoid = false): number[] {
  if (isSigmoid) return [...logits].map((logit) => 1 / (1 + Math.exp(-logit)));
  const max = Math.max(...logits);
  const weights = [...logits].map((logit) => Math.exp(logit - max));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
