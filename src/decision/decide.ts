import { CROPS_PER_MEMBER, probabilityOf, type CropRef, type PhotoEvidence } from '../evidence/evidence.ts';
import { argmax } from '../evidence/softmax.ts';
import { CERTAINLY_FIRST, confusionOf, meanProbabilities, type Confusion } from './mean-probabilities.ts';
import type { Policy } from './policy.ts';

/**
 * The order in which a member's crops are read and, unless the schedule learns better, evaluated: the centre and its
 * mirror image first, since the object is most often there. With one fixed order the reason of a drop is stable, too.
 */
export const CROP_ORDER: readonly number[] = [4, 9, 0, 1, 2, 3, 5, 6, 7, 8];

export interface Dropped {
  readonly state: 'dropped';
  /** `correct`: the true class came first; `confident`: it did not, yet got more than the threshold. */
  readonly reason: 'correct' | 'confident';
  /** The crop whose evidence decided; `crop` is null where the mean of a member's crops did. */
  readonly decidedBy: { readonly member: number; readonly crop: number | null };
  readonly maxTrueProb: number;
  /** True if crops are missing whose p(true) could be higher still. */
  readonly maxTrueProbIsLowerBound: boolean;
}

export interface Kept extends Confusion {
  readonly state: 'kept';
  readonly maxTrueProb: number;
}

export interface Undecided {
  readonly state: 'undecided';
  /** Crops whose evaluation can decide, in the order of usefulness that `CROP_ORDER` assumes; never empty. */
  readonly missing: readonly CropRef[];
  /** Null if no crop ran. */
  readonly maxTrueProb: number | null;
}

export type Verdict = Dropped | Kept | Undecided;

/**
 * Decides one photo for one class from whatever evidence there is (§3.1, protocol "Mode A").
 * Monotone: more evidence never changes a verdict that is not `undecided`.
 *
 * @param evidence the partial matrix, one row a member
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
  /** Why this member would drop the photo, or null (yet). */
  readonly hit: Pick<Dropped, 'reason' | 'decidedBy'> | null;
  readonly maxTrueProb: number | null;
  /** Crops whose p(true) is not known. */
  readonly unread: readonly CropRef[];
  /** Crops without logits: what the confusion, and the argmax of a mean, still need. */
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
  /** By crop; 0 where it is not known. */
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
    // A bound drops a photo as what is known does, but never keeps it.
    if (trueProb === null || cell?.isBound === true) unread.push({ member, crop });
    if (trueProb === null) continue;
    trueProbs[crop] = trueProb;
    maxTrueProb = Math.max(maxTrueProb ?? 0, trueProb);
  }
  return { trueProbs, maxTrueProb, unread, withoutLogits };
}

/** The first crop, in `CROP_ORDER`, that the member gets right or is too confident of. Unread crops have p 0: no hit. */
function firstHit(crops: PhotoEvidence[number], trueProbs: Float64Array, question: Question): Reading['hit'] {
  for (const crop of CROP_ORDER) {
    const decidedBy = { member: question.member, crop };
    if (crops[crop]?.top1 === question.truth) return { reason: 'correct', decidedBy };
    if ((trueProbs[crop] ?? 0) > question.policy.threshold) return { reason: 'confident', decidedBy };
  }
  return null;
}

/**
 * A mean over ten crops. Probabilities are not negative and unread crops count as 0, so a partial mean is a lower
 * bound: above the threshold it decides at once, and above one half the true class comes first. Otherwise whether it
 * does needs the logits of all ten.
 */
function meanHit(crops: PhotoEvidence[number], question: Question & { meanTrueProb: number }): Reading['hit'] {
  const decidedBy = { member: question.member, crop: null };
  const means = meanProbabilities([crops]);
  if (means !== null && argmax(means) === question.truth) return { reason: 'correct', decidedBy };
  if (question.meanTrueProb > question.policy.threshold) return { reason: 'confident', decidedBy };
  return question.meanTrueProb > CERTAINLY_FIRST ? { reason: 'correct', decidedBy } : null;
}

/**
 * Which crops can still change the verdict. Under `all`, a member that has said "drop" waits until the others have
 * spoken; once nothing can drop the photo, whatever lacks logits is needed for the confusion.
 */
function missingCrops(readings: readonly Reading[], policy: Policy): readonly CropRef[] {
  const open = policy.members === 'all' ? readings.filter((reading) => reading.hit === null) : readings;
  const undecidedCrops = policy.aggregation === 'max' ? 'unread' : 'withoutLogits';
  const saved = policy.members === 'all' && open.some((reading) => reading[undecidedCrops].length === 0);
  const deciding = saved ? [] : interleave(open.map((reading) => reading[undecidedCrops]));
  return deciding.length > 0 ? deciding : interleave(readings.map((reading) => reading.withoutLogits));
}

/** First of each member, second of each member, ... so that members take turns. */
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
