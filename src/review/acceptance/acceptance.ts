import type { Acceptance, AcceptancePlan, AcceptanceState } from '../../kernel/acceptance.ts';
import { firstWhere, hypergeometricLimits } from './hypergeometric.ts';

/** Photos whose first blind verdict is accept. The second pass inspects a random sample of them. */
export interface FirstAccepted {
  readonly photos: number;
  readonly inspected: readonly InspectedPhoto[];
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
export function acceptanceOf({ photos: accepted, inspected }: FirstAccepted, plan: AcceptancePlan): Acceptance {
  const settled = inspected.filter(({ isWrong }) => isWrong !== null);
  const wrong = settled.filter(({ isWrong }) => isWrong);
  const unsettled = inspected.length - settled.length;
  const counts = { accepted, sampled: settled.length, wrong: wrong.length, unsettled };
  const share = settled.length === 0 ? 0 : moment(wrong, 1) / moment(settled, 1);
  const size = settled.length === 0 ? 0 : moment(settled, 1) ** 2 / moment(settled, 2);
  const limitsAfter = (more: number) =>
    accepted === 0
      ? { low: 0, high: 1 }
      : hypergeometricLimits({ population: accepted, size: size + more, successes: share * size, ...plan });
  const { low, high } = limitsAfter(0);
  const estimate =
    settled.length === 0
      ? { labelError: null, labelErrorLow: null, labelErrorHigh: null }
      : { labelError: share, labelErrorLow: low, labelErrorHigh: high };
  const { maxLabelError } = plan;
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
