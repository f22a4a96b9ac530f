import type { Acceptance, AcceptancePlan, AcceptanceState } from '../../kernel/acceptance.ts';
import { blindVerdictsOf } from '../agreement/agreement.ts';
import { opinionsWanted, type Review, type Verdict } from '../events/verdict.ts';
import { firstWhere, hypergeometricLimits } from './hypergeometric.ts';

interface ReviewedPhoto extends Pick<Verdict, 'state' | 'decidedBy'> {
  /** In the order of their passes. */
  readonly reviews: readonly Pick<Review, 'verdict' | 'blindVerdict'>[];
  readonly isListed: boolean;
  /** The chance with which the second pass drew the photo, 0..1; null if it did not draw it. */
  readonly chance: number | null;
}

/** Photos whose first blind verdict is accept. The second pass inspects a random sample of them. */
export class Inspection {
  photos = 0;
  /** Drawn photos on the shortlist that wait for their second verdict. */
  pending = 0;
  readonly inspected: InspectedPhoto[] = [];

  add({ reviews, chance, isListed, ...verdict }: ReviewedPhoto): void {
    const [first, second] = blindVerdictsOf(reviews);
    if (first !== 'accept') return;
    this.photos += 1;
    if (chance === null) return;
    if (second === undefined) {
      this.pending += isListed ? 1 : 0;
      return;
    }
    const isOpen = verdict.state === 'disputed' || opinionsWanted({ ...verdict, reviews }) > reviews.length;
    this.inspected.push({ isWrong: isOpen ? null : verdict.state !== 'accepted', chance });
  }
}

/** A photo that the second pass drew, and that has its second verdict. */
export interface InspectedPhoto {
  /** True if its final state is another one than accepted; null while it is disputed or waits for a third verdict. */
  readonly isWrong: boolean | null;
  /** Probability that the photo was drawn, above 0, at most 1. */
  readonly chance: number;
}

/**
 * Acceptance sampling: a set passes if the label error is at most the plan's with its confidence, and fails if it is larger. Both are
 * read from the exact interval of the label error. Each photo stands for 1 / chance photos. If chances differ, the interval is that of
 * a simple random sample of (Σw)² / Σw² photos (Kish 1965, "Survey Sampling"). Source of the method: Klie et al. 2024, arXiv 2405.11919.
 * The limits hold for a sample whose size was fixed before. Who inspects more photos until a set passes, passes worse sets.
 */
export function acceptanceOf(
  { photos: accepted, pending, inspected }: Omit<Inspection, 'add'>,
  { maxLabelError, confidence }: AcceptancePlan,
): Acceptance {
  const settled = inspected.filter(({ isWrong }) => isWrong !== null);
  const wrong = settled.filter(({ isWrong }) => isWrong);
  const unsettled = inspected.length - settled.length;
  const counts = { accepted, sampled: settled.length, wrong: wrong.length, unsettled, pending };
  const share = settled.length === 0 ? 0 : moment(wrong, 1) / moment(settled, 1);
  const size = settled.length === 0 ? 0 : moment(settled, 1) ** 2 / moment(settled, 2);
  const limitsAfter = (more: number) =>
    accepted === 0
      ? { low: 0, high: 1 }
      : hypergeometricLimits({ population: accepted, size: size + more, successes: share * size, confidence });
  const { low, high } = limitsAfter(0);
  const estimate =
    settled.length === 0
      ? { labelError: null, labelErrorLow: null, labelErrorHigh: null }
      : { labelError: share, labelErrorLow: low, labelErrorHigh: high };
  const plan = { maxLabelError, confidence };
  if (maxLabelError === null) return { ...counts, ...estimate, state: 'none', morePhotos: 0, ...plan };
  const state = stateOf({ low, high, unsettled }, maxLabelError);
  const isEnough = (more: number): boolean => limitsAfter(more).high <= maxLabelError;
  const others = accepted - settled.length;
  const morePhotos = state === 'open' ? Math.min(others, firstWhere(others, isEnough)) : 0;
  return { ...counts, ...estimate, state, morePhotos, ...plan };
}

interface Limits {
  readonly low: number;
  readonly high: number;
  readonly unsettled: number;
}

function stateOf({ low, high, unsettled }: Limits, maxLabelError: number): AcceptanceState {
  if (unsettled > 0) return 'open';
  if (low > maxLabelError) return 'fail';
  return high <= maxLabelError ? 'pass' : 'open';
}

function moment(photos: readonly InspectedPhoto[], power: number): number {
  return photos.reduce((sum, { chance }) => sum + chance ** -power, 0);
}
