import { CROPS_PER_MEMBER, probabilityOf, type CropRef, type PhotoEvidence } from '../../models/evidence/evidence.ts';
import { argmax } from '../../models/evidence/softmax.ts';
import { CERTAINLY_FIRST, confusionOf, meanProbabilities, type Confusion } from './mean-probabilities.ts';
import type { Policy } from './policy.ts';

/**
 * The order in which a member's crops are read and, unless the schedule learns a better one, evaluated. The centre and
 * its mirror image come first, because the object is most often there. One fixed order also keeps the reason of a drop
 * stable.
 */
export const CROP_ORDER: readonly number[] = [4, 9, 0, 1, 2, 3, 5, 6, 7, 8];

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
  /** Crops that can decide if they are evaluated, in the order of usefulness that `CROP_ORDER` assumes; never empty. */
  readonly missing: readonly CropRef[];
  /** Null if no crop ran. */
  readonly maxTrueProb: number | null;
}

export type Verdict = Dropped | Kept | Undecided;

/**
 * Decides one photo for one class from the evidence so far (§3.1, protocol "Mode A"). Monotone: more evidence never
 * changes a verdict that is not `undecided`.
 *
 * @param evidence the partial matrix, one row for each member
 * @param truth the true class, as a position in the class list
 */
export function decide(evidence: PhotoEvidence, truth: number, policy: Policy): Verdict {
  const readings = evidence.map((_, member) => readMember(evidence, { member, truth, policy }));
  const maxTrueProb = maximum(readings.map((reading) => reading.maxTrueProb));
  const hits = readings.flatMap((reading) => (reading.hit === null ? [] : [reading.hit]));
  const hit = hits[0];
  const dropped = policy.members === 'any' ? hits.length > 0 : hits.length === readings.length;
  if (hit !== undefined && dropped && maxTrueProb !== null) {
    const maxTrueProbIsLowerBound = readings.some((reading) => reading.unread.length > 0);
    return { state: 'dropped', ...hit, maxTrueProb, maxTrueProbIsLowerBound };
  }
  const missing = missingCrops(readings, policy);
  if (missing.length > 0 || maxTrueProb === null) return { state: 'undecided', missing, maxTrueProb };
  const confusion = confusionOf(evidence, truth);
  if (confusion === null)
    throw new RangeError('Expected the logits of every crop of every member for the confusion of a kept photo');
  return { state: 'kept', maxTrueProb, ...confusion };
}

interface Reading {
  /** Why this member would drop the photo, or null if it does not (yet). */
  readonly hit: Pick<Dropped, 'reason' | 'decidedBy'> | null;
  readonly maxTrueProb: number | null;
  /** Crops whose p(true) is not known. */
  readonly unread: readonly CropRef[];
  /** Crops without logits, which the confusion and the argmax of a mean still need. */
  readonly withoutLogits: readonly CropRef[];
}

interface Question {
  readonly member: number;
  readonly truth: number;
  readonly policy: Policy;
}

function readMember(evidence: PhotoEvidence, question: Question): Reading {
  const crops = evidence[question.member] ?? [];
  const { trueProbs, maxTrueProb, ...lacking } = readCrops(crops, question);
  if (question.policy.aggregation === 'max')
    return { ...lacking, hit: firstHit(crops, trueProbs, question), maxTrueProb };
  const meanTrueProb = sum(trueProbs) / CROPS_PER_MEMBER;
  const hit = meanHit(crops, { ...question, meanTrueProb });
  return { ...lacking, hit, maxTrueProb: maxTrueProb === null ? null : meanTrueProb };
}

interface CropReading extends Pick<Reading, 'maxTrueProb' | 'unread' | 'withoutLogits'> {
  /** p(true) by crop; 0 where it is unknown. */
  readonly trueProbs: Float64Array;
}

function readCrops(crops: PhotoEvidence[number], { member, truth }: Question): CropReading {
  const unread: CropRef[] = [];
  const withoutLogits: CropRef[] = [];
  const trueProbs = new Float64Array(CROPS_PER_MEMBER);
  let maxTrueProb: number | null = null;
  for (const crop of CROP_ORDER) {
    const cell = crops[crop] ?? null;
    const trueProb = cell === null ? null : probabilityOf(cell, truth);
    if (cell === null || cell.logits === null) withoutLogits.push({ member, crop });
    // A bound can drop a photo, as a known value can, but it never keeps one.
    if (trueProb === null || cell?.isBound === true) unread.push({ member, crop });
    if (trueProb === null) continue;
    trueProbs[crop] = trueProb;
    maxTrueProb = Math.max(maxTrueProb ?? 0, trueProb);
  }
  return { trueProbs, maxTrueProb, unread, withoutLogits };
}

/**
 * The first crop, in `CROP_ORDER`, that the member gets right or is too confident of. Unread crops have p 0, so they
 * never match.
 */
function firstHit(crops: PhotoEvidence[number], trueProbs: Float64Array, question: Question): Reading['hit'] {
  for (const crop of CROP_ORDER) {
    const decidedBy = { member: question.member, crop };
    if (crops[crop]?.top1 === question.truth) return { reason: 'correct', decidedBy };
    if ((trueProbs[crop] ?? 0) > question.policy.threshold) return { reason: 'confident', decidedBy };
  }
  return null;
}

/**
 * Checks the mean over ten crops. Probabilities are not negative and unread crops count as 0, so a partial mean is a
 * lower bound. Above the threshold it decides at once, and above one half the true class comes first. Otherwise the
 * logits of all ten crops are needed to tell.
 */
function meanHit(crops: PhotoEvidence[number], question: Question & { meanTrueProb: number }): Reading['hit'] {
  const decidedBy = { member: question.member, crop: null };
  const means = meanProbabilities([crops]);
  if (means !== null && argmax(means) === question.truth) return { reason: 'correct', decidedBy };
  if (question.meanTrueProb > question.policy.threshold) return { reason: 'confident', decidedBy };
  return question.meanTrueProb > CERTAINLY_FIRST ? { reason: 'correct', decidedBy } : null;
}

/**
 * The crops that can still change the verdict. Under `all`, a member that has said "drop" needs no more crops until the
 * others have decided. Once nothing can drop the photo, every crop without logits is needed for the confusion.
 */
function missingCrops(readings: readonly Reading[], policy: Policy): readonly CropRef[] {
  const open = policy.members === 'all' ? readings.filter((reading) => reading.hit === null) : readings;
  const undecidedCrops = policy.aggregation === 'max' ? 'unread' : 'withoutLogits';
  const saved = policy.members === 'all' && open.some((reading) => reading[undecidedCrops].length === 0);
  const deciding = saved ? [] : interleave(open.map((reading) => reading[undecidedCrops]));
  return deciding.length > 0 ? deciding : interleave(readings.map((reading) => reading.withoutLogits));
}

/** The first of each member, then the second of each member, and so on, so that members alternate. */
function interleave(lists: readonly (readonly CropRef[])[]): CropRef[] {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function maximum(values: readonly (number | null)[]): number | null {
  return values.reduce((best, value) => (value === null ? best : Math.max(best ?? value, value)), null);
}
