import {
  CROPS_PER_MEMBER,
  probabilityOf,
  type CropEvidence,
  type PhotoEvidence,
} from '../../models/evidence/evidence.ts';
import { argmax } from '../../models/evidence/softmax.ts';
import { CERTAINLY_FIRST, meanProbabilities } from './mean-probabilities.ts';
import type { Policy } from './policy.ts';

export interface MemberDigest {
  /** Crops whose p(true) is known, 0..10. */
  readonly read: number;
  /** Crops whose logits are known, 0..10. */
  readonly withLogits: number;
  readonly isRight: boolean;
  /** The largest p(true) of a crop, 0..1; 0 if none is known. */
  readonly maxTrueProb: number;
  /** The mean p(true) of the ten crops, 0..1. Unknown values count as 0, so it is a lower bound. */
  readonly meanTrueProb: number;
  /** True if the true class comes first in the mean softmax of the ten crops; false while logits are missing. */
  readonly isRightInMean: boolean;
  /** The p of its classes are sigmoids, which do not sum to 1. */
  readonly isSigmoid?: boolean;
}

/** Decided, or undecided with at most this many crops missing. */
export type DigestOutcome =
  | { readonly state: 'kept' | 'dropped'; readonly missing: 0 }
  | { readonly state: 'undecided'; readonly missing: number };

/** Reduces a photo's evidence to the numbers from which `judgeDigest` decides it under every policy. */
export function digestOf(evidence: PhotoEvidence, truth: number): MemberDigest[] {
  return evidence.map((cells) => {
    const probs = cells.map((cell) => cell && probabilityOf(cell, truth)).filter((prob) => prob !== null);
    return {
      read: cells.filter((cell) => isRead(cell, truth)).length,
      withLogits: cells.filter(hasLogits).length,
      isRight: cells.some((cell) => cell?.top1 === truth),
      maxTrueProb: Math.max(0, ...probs),
      meanTrueProb: probs.reduce((sum, prob) => sum + prob, 0) / CROPS_PER_MEMBER,
      // Computed only for policies that ask for it, because it takes the softmax of ten crops.
      get isRightInMean() {
        const means = meanProbabilities([cells]);
        return means !== null && argmax(means) === truth;
      },
      isSigmoid: cells.some((cell) => cell?.isSigmoid === true),
    };
  });
}

/** True if p(true) of a crop is known. A bound can drop a photo, as a known value can, but it never keeps one. */
export function isRead(cell: CropEvidence | null, truth: number): boolean {
  return cell !== null && cell.isBound !== true && probabilityOf(cell, truth) !== null;
}

export function hasLogits(cell: CropEvidence | null): boolean {
  return cell !== null && cell.logits !== null;
}

/** The rule of mode A (§3.1, protocol). Monotone: more evidence never changes an outcome that is not `undecided`. */
export function judgeDigest(all: readonly MemberDigest[], policy: Policy): DigestOutcome {
  const members = judging(all, policy);
  const isHit = (member: MemberDigest): boolean => hasHit(member, policy);
  if (policy.members === 'any' ? members.some(isHit) : members.every(isHit)) return DROPPED;
  const needed = neededCrops(members, policy);
  if (needed === 'logits' && policy.without !== undefined) return KEPT;
  const missing = members.reduce((total, member) => {
    if (needed === 'logits') return total + CROPS_PER_MEMBER - member.withLogits;
    return isHit(member) ? total : total + lackingCrops(member, policy);
  }, 0);
  return missing === 0 ? KEPT : undecided(missing);
}

/** The members that the policy asks. */
export function judging(members: readonly MemberDigest[], { without }: Policy): readonly MemberDigest[] {
  return without === undefined ? members : members.filter((_, member) => member !== without);
}

export const DROPPED: DigestOutcome = Object.freeze({ state: 'dropped', missing: 0 });
export const KEPT: DigestOutcome = Object.freeze({ state: 'kept', missing: 0 });
/** Cached, because what-if asks for millions. */
const UNDECIDED: DigestOutcome[] = [];

export function undecided(missing: number): DigestOutcome {
  return (UNDECIDED[missing] ??= Object.freeze({ state: 'undecided', missing }));
}

/** True if the member drops the photo. A mean softmax above one half puts the true class first, whatever the missing crops say. */
export function hasHit(member: MemberDigest, { aggregation, threshold }: Policy): boolean {
  if (aggregation === 'max') return member.isRight || member.maxTrueProb > threshold;
  const least = member.isSigmoid === true ? threshold : Math.min(threshold, CERTAINLY_FIRST);
  return member.isRightInMean || member.meanTrueProb > least;
}

/**
 * The crops that an undecided photo needs. `outcome`: those with which members without a hit may still drop it. `logits`:
 * nothing can drop it any more, and its confusion needs the logits of every crop. Under `all`, one member that has all it
 * needs and does not drop the photo settles it.
 */
export function neededCrops(members: readonly MemberDigest[], policy: Policy): 'outcome' | 'logits' {
  const mayHit = (member: MemberDigest): boolean => lackingCrops(member, policy) > 0;
  const canDrop =
    policy.members === 'any'
      ? members.some(mayHit)
      : members.every((member) => hasHit(member, policy) || mayHit(member));
  return canDrop ? 'outcome' : 'logits';
}

/** Number of crops that the member needs before it can say that it does not drop the photo. */
function lackingCrops({ read, withLogits }: MemberDigest, { aggregation }: Policy): number {
  return CROPS_PER_MEMBER - (aggregation === 'max' ? read : withLogits);
}

/** True if the logits are needed to reach the outcome again. An undecided photo may still need them. */
export function restsOnLogits(members: readonly MemberDigest[], policy: Policy): boolean {
  if (judgeDigest(members, policy).state !== 'dropped') return true;
  const withoutThem = members.map((member) => ({ ...member, isRightInMean: false, withLogits: 0 }));
  return judgeDigest(withoutThem, policy).state !== 'dropped';
}

/** The value by which the shortlist sorts a kept photo: the largest p(true) over members, aggregated for each member. */
export function maxTrueProbOf(members: readonly MemberDigest[], aggregation: Policy['aggregation']): number {
  const of = aggregation === 'max' ? 'maxTrueProb' : 'meanTrueProb';
  return members.reduce((most, member) => Math.max(most, member[of]), 0);
}
