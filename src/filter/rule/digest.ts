import { CROPS_PER_MEMBER, probabilityOf, type PhotoEvidence } from '../../models/evidence/evidence.ts';
import { argmax } from '../../models/evidence/softmax.ts';
import { CERTAINLY_FIRST, meanProbabilities } from './mean-probabilities.ts';
import type { Policy } from './policy.ts';

/** A summary of one member's evidence on a photo of a class: the few numbers that every rule of mode A needs. */
export interface MemberDigest {
  /** Crops whose p(true) is known, 0..10. */
  readonly read: number;
  /** Crops whose logits are known, 0..10. */
  readonly withLogits: number;
  /** True if the true class comes first in some crop. */
  readonly isRight: boolean;
  /** The largest p(true) of a crop, 0..1; 0 if none is known. */
  readonly maxTrueProb: number;
  /** The mean p(true) of the ten crops, 0..1. Unknown values count as 0. */
  readonly meanTrueProb: number;
  /** True if the true class comes first in the mean softmax of the ten crops; false while logits are missing. */
  readonly isRightInMean: boolean;
}

/** Decided, or undecided with at most this many crops missing. */
export type DigestVerdict =
  | { readonly state: 'kept' | 'dropped'; readonly missing: 0 }
  | { readonly state: 'undecided'; readonly missing: number };

/**
 * Reduces a photo's evidence to a few numbers. `judgeDigest` decides from them what `decide` decides from the evidence,
 * for every policy, so that many policies can be tried without reading the evidence again.
 *
 * @param truth the true class, as a position in the class list
 */
export function digestOf(evidence: PhotoEvidence, truth: number): MemberDigest[] {
  return evidence.map((cells) => {
    const probs = cells.map((cell) => (cell === null ? null : probabilityOf(cell, truth)));
    const known = probs.filter((prob) => prob !== null);
    const means = meanProbabilities([cells]);
    return {
      read: cells.filter((cell, crop) => cell !== null && cell.isBound !== true && probs[crop] !== null).length,
      withLogits: cells.filter((cell) => cell !== null && cell.logits !== null).length,
      isRight: cells.some((cell) => cell?.top1 === truth),
      maxTrueProb: Math.max(0, ...known),
      meanTrueProb: known.reduce((sum, prob) => sum + prob, 0) / CROPS_PER_MEMBER,
      isRightInMean: means !== null && argmax(means) === truth,
    };
  });
}

/** The result of `decide` for the evidence from which the digest was made. */
export function judgeDigest(members: readonly MemberDigest[], policy: Policy): DigestVerdict {
  let [hits, openCrops, withoutLogits] = [0, 0, 0];
  // Under `all`, one member that has all it needs and does not drop the photo settles it.
  let isSaved = false;
  for (const member of members) {
    const isHit = hasHit(member, policy);
    withoutLogits += CROPS_PER_MEMBER - member.withLogits;
    if (isHit) hits += 1;
    if (isHit && policy.members === 'all') continue;
    const open = lackingCrops(member, policy);
    openCrops += open;
    if (open === 0 && policy.members === 'all') isSaved = true;
  }
  if (policy.members === 'any' ? hits > 0 : hits === members.length) return DROPPED;
  const missing = !isSaved && openCrops > 0 ? openCrops : withoutLogits;
  return missing === 0 ? KEPT : undecided(missing);
}

export const DROPPED: DigestVerdict = Object.freeze({ state: 'dropped', missing: 0 });
export const KEPT: DigestVerdict = Object.freeze({ state: 'kept', missing: 0 });
/** Cached, because what-if asks for millions. */
const UNDECIDED: DigestVerdict[] = [];

/** @param missing 1 or more */
export function undecided(missing: number): DigestVerdict {
  return (UNDECIDED[missing] ??= Object.freeze({ state: 'undecided', missing }));
}

/** Number of crops that the member needs before it can say that it does not drop the photo. */
function lackingCrops({ read, withLogits }: MemberDigest, { aggregation }: Policy): number {
  return CROPS_PER_MEMBER - (aggregation === 'max' ? read : withLogits);
}

function hasHit(member: MemberDigest, { aggregation, threshold }: Policy): boolean {
  if (aggregation === 'max') return member.isRight || member.maxTrueProb > threshold;
  return member.isRightInMean || member.meanTrueProb > Math.min(threshold, CERTAINLY_FIRST);
}

/** True if the logits are needed to reach the verdict again. An undecided photo may still need them. */
export function restsOnLogits(members: readonly MemberDigest[], policy: Policy): boolean {
  if (judgeDigest(members, policy).state !== 'dropped') return true;
  const withoutThem = members.map((member) => ({ ...member, isRightInMean: false, withLogits: 0 }));
  return judgeDigest(withoutThem, policy).state !== 'dropped';
}

/**
 * The value by which the shortlist sorts a kept photo: the largest p(true) over members, aggregated for each member.
 */
export function maxTrueProbOf(members: readonly MemberDigest[], aggregation: Policy['aggregation']): number {
  const of = aggregation === 'max' ? 'maxTrueProb' : 'meanTrueProb';
  return members.reduce((most, member) => Math.max(most, member[of]), 0);
}
