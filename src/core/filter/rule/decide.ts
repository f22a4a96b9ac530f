import { CROPS_PER_MEMBER, probabilityOf, type CropRef, type PhotoEvidence } from '../../models/evidence/evidence.ts';
import { cropOrder } from './crop-order.ts';
import { digestOf, hasHit, hasLogits, isRead, judgeDigest, judging, maxTrueProbOf, neededCrops } from './digest.ts';
import type { MemberDigest } from './digest.ts';
import { confusionOf, type Confusion } from './mean-probabilities.ts';
import type { Policy } from './policy.ts';

export interface Dropped {
  readonly state: 'dropped';
  /** `correct`: the true class came first. `confident`: it did not, but its p was above the threshold. */
  readonly reason: 'correct' | 'confident';
  /** The crop whose evidence decided. `crop` is null if the mean of a member's crops decided. */
  readonly decidedBy: { readonly member: number; readonly crop: number | null };
  readonly maxTrueProb: number;
  /** True if p(true) of a missing crop could be higher still. */
  readonly maxTrueProbIsLowerBound: boolean;
}

export interface Kept extends Confusion {
  readonly state: 'kept';
  readonly maxTrueProb: number;
}

export interface Undecided {
  readonly state: 'undecided';
  /** Crops that can decide if they are evaluated, in `cropOrder`; never empty. */
  readonly missing: readonly CropRef[];
}

export type Outcome = Dropped | Kept | Undecided;

/** `judgeDigest` is the rule. This adds what is stored, or the crops that must run next. `truth`: position in the class list. */
export function decide(evidence: PhotoEvidence, truth: number, policy: Policy): Outcome {
  const digest = digestOf(evidence, truth);
  const { state } = judgeDigest(digest, policy);
  if (state === 'undecided') return { state, missing: missingCrops(evidence, { digest, truth, policy }) };
  const maxTrueProb = maxTrueProbOf(digest, policy.aggregation);
  if (state === 'dropped') {
    const maxTrueProbIsLowerBound = digest.some(({ read }) => read < CROPS_PER_MEMBER);
    const hit = policy.aggregation === 'max' ? firstHit(evidence, truth, policy) : firstMeanHit(digest, policy);
    return { state, ...hit, maxTrueProb, maxTrueProbIsLowerBound };
  }
  const confusion = confusionOf(evidence, truth);
  if (confusion === null)
    throw new RangeError('Expected the logits of every crop of every member for the confusion of a kept photo');
  return { state, maxTrueProb, ...confusion };
}

/** The first crop, in `cropOrder`, that its member gets right or is too confident about. */
function firstHit(
  evidence: PhotoEvidence,
  truth: number,
  { threshold }: Policy,
): Pick<Dropped, 'reason' | 'decidedBy'> {
  for (const decidedBy of cropOrder(evidence.length)) {
    const cell = evidence[decidedBy.member]?.[decidedBy.crop] ?? null;
    if (cell?.top1 === truth) return { reason: 'correct', decidedBy };
    if (cell !== null && (probabilityOf(cell, truth) ?? 0) > threshold) return { reason: 'confident', decidedBy };
  }
  throw new RangeError('Expected a crop that drops the photo but none does');
}

function firstMeanHit(digest: readonly MemberDigest[], policy: Policy): Pick<Dropped, 'reason' | 'decidedBy'> {
  const member = digest.findIndex((one) => hasHit(one, policy));
  const isConfident = (digest[member]?.meanTrueProb ?? 0) > policy.threshold;
  const isRight = digest[member]?.isRightInMean === true || !isConfident;
  return { reason: isRight ? 'correct' : 'confident', decidedBy: { member, crop: null } };
}

/** The crops that an undecided photo lacks, in `cropOrder`. */
export function missingCrops(
  evidence: PhotoEvidence,
  {
    digest,
    truth,
    policy,
  }: { readonly digest: readonly MemberDigest[]; readonly truth: number; readonly policy: Policy },
): CropRef[] {
  const needed = neededCrops(judging(digest, policy), policy);
  const isOpen = digest.map((member, i) => i !== policy.without && (needed === 'logits' || !hasHit(member, policy)));
  return cropOrder(evidence.length).filter(({ member, crop }) => {
    const cell = evidence[member]?.[crop] ?? null;
    if (isOpen[member] !== true) return false;
    return needed === 'outcome' && policy.aggregation === 'max' ? !isRead(cell, truth) : !hasLogits(cell);
  });
}
