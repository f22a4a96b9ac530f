import type { ReliabilityBin } from '../evaluation.ts';
import { type Answer, meanOf, rankAnswers } from './answer.ts';

/** Photos in a bin (upstream's `beta`). */
const BIN = 100;

/**
 * - `corrected`: all bins count.
 * - `upstream-compatible`: the last bin, with the most confident photos, is left out of the sum, though its photos count in n.
 *   The released code of ImageNet-A does this (the loop of `calib_err` is `range(len(bins) - 1)`).
 */
export type CalibrationVariant = 'corrected' | 'upstream-compatible';

/**
 * RMS calibration error with adaptive bins: sqrt(sum over bins of n_b/n · (mean confidence - accuracy)²). Bins hold 100 photos
 * of neighbouring confidence, lowest first. The remainder joins the last bin.
 *
 * With fewer than 100 photos, `corrected` puts all into one bin, and `upstream-compatible` is null, because upstream's code
 * ends with an IndexError. From 100 to 199 photos there is one bin, which `upstream-compatible` leaves out: it is 0.
 *
 * Photos of equal confidence count with their mean correctness (`rankAnswers`).
 * Source: Hendrycks et al., "Natural Adversarial Examples" (2021), section 4 and upstream's `calibration_tools.py`.
 *
 * @returns 0 (confidence is accuracy) to 1; null without photos
 * @throws RangeError if a confidence is not a number from 0 to 1
 */
export function rmsCalibrationError(answers: readonly Answer[], variant: CalibrationVariant): number | null {
  const bins = reliabilityBins(answers);
  if (bins.length === 0) return null;
  if (variant === 'upstream-compatible' && answers.length < BIN) return null;
  const counted = variant === 'corrected' ? bins : bins.slice(0, -1);
  const squares = counted.map(({ photos, confidence, accuracy }) => photos * (confidence - accuracy) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / answers.length);
}

/**
 * The bins that the RMS calibration error is computed from, lowest confidence first: the bars of a reliability diagram.
 * Below 200 photos there is one bin, without photos none.
 *
 * @throws RangeError if a confidence is not a number from 0 to 1
 */
export function reliabilityBins(answers: readonly Answer[]): ReliabilityBin[] {
  if (answers.length === 0) return [];
  const ranked = rankAnswers(answers);
  const bins = Math.max(1, Math.floor(ranked.length / BIN));
  return Array.from({ length: bins }, (_, i) => {
    const photos = ranked.slice(i * BIN, i === bins - 1 ? ranked.length : (i + 1) * BIN);
    return {
      photos: photos.length,
      confidence: meanOf(photos, ({ confidence }) => confidence),
      accuracy: meanOf(photos, ({ correct }) => correct),
    };
  });
}
