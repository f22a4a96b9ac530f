import type { Undecided } from './decide.ts';
import {
  CROPS_PER_MEMBER,
  type CropEvidence,
  type CropRef,
  type PhotoEvidence,
} from '../../models/evidence/evidence.ts';
import { argmax, probabilities } from '../../models/evidence/softmax.ts';
import { cropOrder } from './crop-order.ts';
import type { ModeOPolicy } from './policy.ts';

export interface ModeODropped {
  readonly state: 'dropped';
  /** `not-confident`: no class reaches the required confidence. `other-class`: one may, but it is not a wanted class. */
  readonly reason: 'not-confident' | 'other-class';
  /** The leading class in the evidence so far: position in the class list. */
  readonly leading: number;
  /** The highest value that its mean over the ten crops can have, 0..1. */
  readonly atMost: number;
}

export interface ModeOKept {
  readonly state: 'kept';
  /** The class that the model takes the photo for: argmax of the mean, position in the class list. */
  readonly predicted: number;
  /** The mean p(predicted) over the ten crops, 0..1. */
  readonly score: number;
}

export type ModeOOutcome = ModeODropped | ModeOKept | Undecided;

/**
 * Decides one photo from the evidence so far (protocol, "Mode O"). The photo is kept if the class with the largest mean
 * softmax over the ten crops of the first member is a predictable class, and that mean is at least `minConfidence`.
 *
 * If crops are missing, a mean lies within bounds: a crop that was not evaluated gives a class between 0 and 1. A photo
 * is dropped as soon as no predictable class can be the largest and reach the confidence any more. The bounds are
 * summed in the order of the crops, like the mean itself, and rounding never reverses the order of two sums of which
 * one has the larger terms. The bounds therefore hold to the last bit, and more evidence never changes an outcome.
 */
export function decideModeO(evidence: PhotoEvidence, policy: ModeOPolicy): ModeOOutcome {
  const crops = evidence[0] ?? [];
  const bounds = boundsOf(crops);
  if (bounds !== null && !anyCanBeKept(bounds, policy)) return droppedOn(bounds, policy);
  const missing = missingOf(crops);
  if (missing.length > 0 || bounds === null) return { state: 'undecided', missing };
  const predicted = argmax(bounds.least);
  return { state: 'kept', predicted, score: bounds.least[predicted] ?? 0 };
}

/** The bounds of each class's mean over the ten crops. Both are the mean once all crops are known. */
interface Bounds {
  readonly least: Float64Array;
  readonly most: Float64Array;
}

function boundsOf(crops: PhotoEvidence[number]): Bounds | null {
  const known = crops.map((cell) =>
    cell === null || cell.logits === null ? null : probabilities(cell.logits, cell.isSigmoid),
  );
  // Only logits show how many classes there are. Without any, only the classes that summaries name are told apart.
  const classes = known.find((probs) => probs !== null)?.length ?? classesNamed(crops);
  if (classes === 0) return null;
  const sums = { least: new Float64Array(classes), most: new Float64Array(classes) };
  for (let crop = 0; crop < CROPS_PER_MEMBER; crop += 1) {
    const probs = known[crop] ?? null;
    if (probs === null) addCell(sums, crops[crop] ?? null);
    else addProbabilities(sums, probs);
  }
  return { least: sums.least.map(mean), most: sums.most.map(mean) };
}

function addProbabilities({ least, most }: Bounds, probs: Float64Array): void {
  for (let at = 0; at < least.length; at += 1) {
    least[at] = (least[at] ?? 0) + (probs[at] ?? 0);
    most[at] = (most[at] ?? 0) + (probs[at] ?? 0);
  }
}

function addCell({ least, most }: Bounds, cell: CropEvidence | null): void {
  for (let at = 0; at < least.length; at += 1) {
    least[at] = (least[at] ?? 0) + leastOf(cell, at);
    most[at] = (most[at] ?? 0) + mostOf(cell, at);
  }
}

function mean(sum: number): number {
  return sum / CROPS_PER_MEMBER;
}

/** A summary without logits names one class and bounds the others. A probability that is a bound is a lower bound. */
function leastOf(cell: CropEvidence | null, at: number): number {
  return cell !== null && cell.top1 === at ? cell.top1Prob : 0;
}

/** Allows for rounding: the terms of a softmax need not sum up to exactly 1. */
const ROUNDING = 1e-9;
/** Upper bound of a class that does not come first. */
const HALF = 0.5;

/**
 * The upper bound of a class in a crop. A cell from an equivalent member was evaluated over more classes than ours.
 * Over ours, the top class has at least the probability that it has there, and up to 1. The others share the rest.
 */
function mostOf(cell: CropEvidence | null, at: number): number {
  // If the top class is not one of ours, nothing is known of how ours share the rest.
  if (cell === null || cell.top1 === -1) return 1;
  // A sigmoid depends on no other class, so it is the same among more classes, and the others share nothing.
  if (cell.isSigmoid === true) return cell.top1Prob;
  const others = 1 - cell.top1Prob + ROUNDING;
  if (cell.isBound === true) return cell.top1 === at ? 1 : Math.min(HALF, others);
  return cell.top1 === at ? cell.top1Prob : Math.min(cell.top1Prob, others);
}

/** One more than the last class that a summary names, so that one place stands for all unnamed classes. */
function classesNamed(crops: PhotoEvidence[number]): number {
  const named = crops.flatMap((cell) => (cell === null ? [] : [cell.top1]));
  return named.length === 0 ? 0 : Math.max(...named) + 2;
}

/** The rule of mode O, once every crop is known. */
export function keeps(predicted: number, score: number, { minConfidence, predictable }: ModeOPolicy): boolean {
  return score >= minConfidence && predictable.includes(predicted);
}

function anyCanBeKept({ least, most }: Bounds, policy: ModeOPolicy): boolean {
  const { minConfidence, predictable } = policy;
  const leading = argmax(least);
  const largest = least[leading] ?? 0;
  if (least.every((value, at) => value === most[at])) return keeps(leading, largest, policy);
  // A class beyond those that summaries name has the bounds of the last place.
  return predictable.some((at) => {
    const reachable = most[Math.min(at, most.length - 1)] ?? 0;
    return reachable >= minConfidence && reachable >= largest;
  });
}

function droppedOn({ least, most }: Bounds, { minConfidence }: ModeOPolicy): ModeODropped {
  const leading = argmax(least);
  const atMost = most[leading] ?? 0;
  return { state: 'dropped', reason: atMost >= minConfidence ? 'other-class' : 'not-confident', leading, atMost };
}

/** Crops that were never evaluated come first, then those known as a summary only. */
function missingOf(crops: PhotoEvidence[number]): CropRef[] {
  const withoutLogits = cropOrder(1).filter(({ crop }) => (crops[crop]?.logits ?? null) === null);
  const isKnown = ({ crop }: CropRef): boolean => (crops[crop] ?? null) !== null;
  return [...withoutLogits.filter((ref) => !isKnown(ref)), ...withoutLogits.filter(isKnown)];
}
