import type { ReviewVerdict } from '../review/events/event.ts';
import { hypergeometricLimits } from '../evaluate/metrics/hypergeometric.ts';
import type { LabelNoise } from './report.ts';
import type { Mode } from '../kernel/mode.ts';
import { REVIEW_MODES } from '../review/modes.ts';

/** Photos whose first blind verdict is accept. */
export interface FirstAccepted {
  readonly photos: number;
  readonly drawn: readonly DrawnPhoto[];
}

export interface DrawnPhoto {
  readonly second: ReviewVerdict;
  /** Probability that the photo was drawn, above 0, at most 1. */
  readonly chance: number;
}

/**
 * Estimates the share of accepted photos that a second look would reject. Each drawn photo stands for 1 / chance
 * photos. The interval has at least 95 % if all chances are equal. Otherwise it is that of a simple random sample of
 * (Σw)² / Σw² photos (Kish 1965, "Survey Sampling"). A published audit found 19.5 % of ImageNet-O in the distribution.
 */
export function labelNoiseOf({ photos: accepted, drawn }: FirstAccepted, mode: Mode): LabelNoise {
  const { question } = REVIEW_MODES[mode];
  const ofVerdict = (verdict: ReviewVerdict): DrawnPhoto[] => drawn.filter(({ second }) => second === verdict);
  const [wrong, unsure] = [ofVerdict('reject'), ofVerdict('unsure')];
  const counts = { question, accepted, photos: drawn.length, wrong: wrong.length, unsure: unsure.length };
  if (drawn.length === 0) return { ...counts, share: null, low: null, high: null };
  const share = moment(wrong, 1) / moment(drawn, 1);
  const size = moment(drawn, 1) ** 2 / moment(drawn, 2);
  return { ...counts, share, ...hypergeometricLimits({ population: accepted, size, successes: share * size }) };
}

function moment(photos: readonly DrawnPhoto[], power: number): number {
  return photos.reduce((sum, { chance }) => sum + chance ** -power, 0);
}
