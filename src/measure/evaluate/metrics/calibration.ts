import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { Percentiles } from '../../../core/kernel/percentiles.ts';
import type { ReliabilityBin } from '../evaluation.ts';
import { photosOf, type Ranking } from './answer.ts';

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
 * Source: Hendrycks et al., "Natural Adversarial Examples" (2021), section 4 and upstream's `calibration_tools.py`.
 * @returns 0 (confidence is accuracy) to 1; null without photos
 */
export function rmsCalibrationError(ranking: Ranking, variant: CalibrationVariant): number | null {
  const photos = photosOf(ranking);
  if (photos === 0 || (variant === 'upstream-compatible' && photos < BIN)) return null;
  const bins = reliabilityBins(ranking);
  const counted = variant === 'corrected' ? bins : bins.slice(0, -1);
  const squares = counted.map((bin) => bin.photos * (bin.confidence - bin.accuracy) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / photos);
}

const [REDRAWS, SEED] = [1_000, 1];

/**
 * The RMS error (`corrected`) that 95 of 100 calibrated models with these confidences stay below: the 95th percentile over 1,000
 * redraws, in which each answer is right with its confidence as chance. The seed is fixed. Chance alone gives every model an RMS error above 0.
 * @returns 0..1; null without photos
 */
export function rmsErrorIfCalibrated({ confidence, photos }: Ranking): number | null {
  const random = xoroshiro128plus(SEED);
  const errors = new Percentiles();
  const isRight = (place: number): boolean => uniformFloat64(random) < (confidence[place] ?? 0);
  for (let i = 0; i < REDRAWS; i += 1) {
    const correct = photos.map((count, place) => {
      let right = 0;
      for (let photo = 0; photo < count; photo += 1) if (isRight(place)) right += 1;
      return right;
    });
    errors.add(rmsCalibrationError({ confidence, photos, correct }, 'corrected'));
  }
  return errors.at(0.95);
}

/** Mean confidence minus accuracy, -1..1, if there is one bin, which hides the sign; null with more, and without photos. */
export function signedGap(ranking: Ranking): number | null {
  const [bin, ...others] = reliabilityBins(ranking);
  return bin === undefined || others.length > 0 ? null : bin.confidence - bin.accuracy;
}

/** Number of bins. One bin compares only two means. */
export function calibrationBins(photos: number): number {
  return photos === 0 ? 0 : Math.max(1, Math.floor(photos / BIN));
}

/** The bars of a reliability diagram, lowest confidence first. Below 200 photos there is one, without photos none. */
export function reliabilityBins(ranking: Ranking): ReliabilityBin[] {
  const photos = photosOf(ranking);
  const count = calibrationBins(photos);
  const bins: ReliabilityBin[] = [];
  let [place, left] = [0, ranking.photos[0] ?? 0];
  for (let i = 0; i < count; i += 1) {
    const size = i === count - 1 ? photos - i * BIN : BIN;
    let [wanted, confidence, correct] = [size, 0, 0];
    while (wanted > 0) {
      const taken = Math.min(wanted, left);
      confidence += taken * (ranking.confidence[place] ?? 0);
      correct += taken === 0 ? 0 : (taken * (ranking.correct[place] ?? 0)) / (ranking.photos[place] ?? 0);
      wanted -= taken;
      left -= taken;
      if (left === 0) left = ranking.photos[(place += 1)] ?? 0;
    }
    bins.push({ photos: size, confidence: confidence / size, accuracy: correct / size });
  }
  return bins;
}
