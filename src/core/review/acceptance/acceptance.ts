import { sha256Of } from '../../tools/sha256.ts';
import type { Acceptance, AcceptanceState, StatedAcceptance } from '../../kernel/acceptance.ts';
import { blindVerdictsOf } from '../agreement/agreement.ts';
import { opinionsWanted, type Review, type Verdict } from '../events/verdict.ts';
import { firstWhere, hypergeometricLimits, type PopulationSample } from './hypergeometric.ts';

interface ReviewedPhoto extends Pick<Verdict, 'state' | 'decidedBy'> {
  readonly sha256: string;
  readonly wnid: string;
  /** In the order of their passes. */
  readonly reviews: readonly Pick<Review, 'verdict' | 'blindVerdict'>[];
  readonly isListed: boolean;
  /** As `drawChance`: 0 if the photo had its second verdict before the last draw; null if the second pass did not draw it. */
  readonly chance: number | null;
}

/** Listed photos whose first blind verdict is accept. The second pass inspects a random sample of them. */
export class SecondPassSample {
  photos = 0;
  /** Photos that the last draw leaves out, because they had their second verdict before it. */
  before = 0;
  /** Drawn photos on the shortlist that wait for their second verdict. */
  pending = 0;
  /** Listed photos for which a verdict is wanted, or which are disputed. */
  unfinished = 0;
  readonly inspected: InspectedPhoto[] = [];
  readonly #isEarlier: boolean;
  readonly #seen = new Uint8Array(32);

  /** @param isEarlier counts as winnow did before it counted looks: photos that left the shortlist, too */
  constructor({ isEarlier = false } = {}) {
    this.#isEarlier = isEarlier;
  }

  add(photo: ReviewedPhoto): void {
    const { state, reviews, isListed, chance, wnid, sha256 } = photo;
    if (!isListed && !this.#isEarlier) return;
    if (!this.#isEarlier && (isOpen(photo) || lacksSecond(photo))) this.unfinished += 1;
    const [first, second] = blindVerdictsOf(reviews);
    const isInspected = isDrawn(chance) && second !== undefined;
    if (first === 'accept' || state === 'accepted') this.#see([wnid, sha256, state, first, isInspected]);
    if (first === 'accept') this.#addAccepted(photo, isInspected);
  }

  #addAccepted(photo: ReviewedPhoto, isInspected: boolean): void {
    const { state, isListed, chance } = photo;
    this.photos += 1;
    if (chance === 0) this.before += 1;
    if (!isDrawn(chance)) return;
    if (isInspected) this.inspected.push({ isWrong: isOpen(photo) ? null : state !== 'accepted', chance });
    else if (isListed) this.pending += 1;
  }

  /** Photos come in any order, so their hashes are added by XOR. */
  #see(photo: readonly unknown[]): void {
    const hash = Buffer.from(sha256Of(JSON.stringify(photo)), 'hex');
    for (const [i, byte] of hash.entries()) this.#seen[i] = (this.#seen[i] ?? 0) ^ byte;
  }

  /** A hash of the accepted and inspected photos, which names a look; null unless the review is complete. */
  get seen(): string | null {
    return this.unfinished === 0 && this.inspected.length > 0 ? Buffer.from(this.#seen).toString('hex') : null;
  }
}

const isDrawn = (chance: number | null): chance is number => chance !== null && chance > 0;

/** True if the photo is disputed, or waits for its first or third verdict. */
function isOpen({ state, reviews, decidedBy }: ReviewedPhoto): boolean {
  return state === 'disputed' || opinionsWanted({ reviews, decidedBy }) > reviews.length;
}

function lacksSecond({ chance, reviews, decidedBy }: ReviewedPhoto): boolean {
  return isDrawn(chance) && reviews.length === 1 && decidedBy !== 'adjudication';
}

/** A photo that the second pass drew, and that has its second verdict. */
export interface InspectedPhoto {
  /** True if its final state is another one than accepted; null while it is disputed or waits for a third verdict. */
  readonly isWrong: boolean | null;
  /** Probability that the photo was drawn, above 0, at most 1. */
  readonly chance: number;
}

type Counts = Pick<SecondPassSample, 'photos' | 'pending' | 'inspected'> &
  Partial<Pick<SecondPassSample, 'before' | 'unfinished'>>;
/** Default: one look, and this is it. Exports of an older winnow say nothing about looks. */
type Plan = Pick<StatedAcceptance, 'maxLabelError' | 'confidence' | 'looks' | 'look' | 'draw' | 'drawAgain'>;

/**
 * Acceptance sampling: a set passes if the label error is at most the plan's with its confidence, and fails if it is larger. Both are
 * read from the exact interval of the label error. Each photo stands for 1 / chance photos. If chances differ, the interval is that of
 * a simple random sample of (Σw)² / Σw² photos (Kish 1965, "Survey Sampling"). Source of the method: Klie et al. 2024, arXiv 2405.11919.
 *
 * Only a complete review of the listed photos is decided, because one that ends when its result is good passes worse sets. If several
 * looks may decide, each has its part of the chance of an error (Bonferroni): (1 - confidence) / 2 / looks at each end.
 */
export function acceptanceOf(
  { photos: accepted, before = 0, pending, unfinished = 0, inspected }: Counts,
  given: Plan,
): Acceptance {
  const plan = withOneLook(given);
  const settled = inspected.filter(({ isWrong }) => isWrong !== null);
  const wrong = settled.filter(({ isWrong }) => isWrong);
  const unsettled = inspected.length - settled.length;
  const isComplete = unfinished + unsettled === 0 && settled.length > 0;
  const look = isComplete && (plan.look ?? 0) <= plan.looks ? plan.look : null;
  const population = accepted - before;
  const { share, limitsAfter } = estimateOf(settled, wrong, { population, ...plan });
  const limits = limitsAfter(0);
  const state = stateOf(limits, { ...plan, look });
  const isEnough = (more: number): boolean => limitsAfter(more).high <= (plan.maxLabelError ?? 1);
  const others = population - settled.length;
  return {
    accepted,
    sampled: settled.length,
    wrong: wrong.length,
    unsettled,
    pending,
    unfinished,
    inspectedBefore: before,
    labelError: share,
    labelErrorLow: share === null ? null : limits.low,
    labelErrorHigh: share === null ? null : limits.high,
    state,
    morePhotos: state === 'open' ? Math.min(others, firstWhere(others, isEnough)) : 0,
    ...plan,
    look,
  };
}

type FullPlan = Pick<Acceptance, keyof Plan>;

function withOneLook({ maxLabelError, confidence, looks = 1, look = 1, draw = 1, drawAgain = null }: Plan): FullPlan {
  return { maxLabelError, confidence, looks, look, draw, drawAgain };
}

/** The weighted share of wrong photos, null without any, and its limits if so many more photos were inspected and right. */
function estimateOf(
  photos: readonly InspectedPhoto[],
  wrong: readonly InspectedPhoto[],
  { population, confidence, looks }: Pick<PopulationSample, 'population' | 'confidence'> & Pick<FullPlan, 'looks'>,
) {
  const share = photos.length === 0 ? null : moment(wrong, 1) / moment(photos, 1);
  const size = photos.length === 0 ? 0 : moment(photos, 1) ** 2 / moment(photos, 2);
  const limitsAfter = (more: number): Limits => {
    if (population === 0) return { low: 0, high: 1 };
    const successes = (share ?? 0) * size;
    return hypergeometricLimits({ population, size: size + more, successes, confidence: 1 - (1 - confidence) / looks });
  };
  return { share, limitsAfter };
}

interface Limits {
  readonly low: number;
  readonly high: number;
}

function stateOf({ low, high }: Limits, { maxLabelError, look, drawAgain }: FullPlan): AcceptanceState {
  if (maxLabelError === null) return 'none';
  if (look === null || drawAgain !== null) return 'open';
  if (low > maxLabelError) return 'fail';
  return high <= maxLabelError ? 'pass' : 'open';
}

function moment(photos: readonly InspectedPhoto[], power: number): number {
  return photos.reduce((sum, { chance }) => sum + chance ** -power, 0);
}
