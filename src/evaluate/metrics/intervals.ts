import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { Percentiles } from '../../kernel/percentiles.ts';
import type { ClassAccuracy, ConfidenceIntervals } from '../evaluation.ts';
import { countAnswer, photosOf, type Ranking } from './answer.ts';
import { calibrationBins, rmsCalibrationError } from './calibration.ts';
import { aurra } from './response-rate.ts';
import { softF1 } from './soft-f1.ts';

const RESAMPLES = 1_000;
const SEED = 1;

/**
 * 95 % bootstrap intervals of the measures of confidence: 1,000 resamples of the photos with a fixed seed. AURRA, soft-F1 and
 * an RMS calibration error of one bin have percentile intervals.
 *
 * With more bins the RMS error counts the chance in the accuracy of its bins as error, and a resample counts it twice. So its
 * interval is the basic bootstrap's, of the squared error: 2·estimate² - percentile². It may lie below the estimate of a model
 * that is nearly calibrated. Source: Davison and Hinkley, "Bootstrap Methods and their Application" (1997), section 5.2.
 */
export function confidenceIntervals(ranking: Ranking): ConfidenceIntervals {
  const [errors, areas, scores] = [new Percentiles(), new Percentiles(), new Percentiles()];
  for (const resample of resamplesOf(ranking)) {
    errors.add(rmsCalibrationError(resample, 'corrected'));
    areas.add(aurra(resample));
    scores.add(softF1(resample));
  }
  const estimate = rmsCalibrationError(ranking, 'corrected');
  const [errorLow, errorHigh] = [errors.at(0.025), errors.at(0.975)];
  const mirrored = (end: number | null): number | null =>
    estimate === null || end === null ? null : Math.sqrt(Math.max(0, 2 * estimate ** 2 - end ** 2));
  const hasOneBin = calibrationBins(photosOf(ranking)) === 1;
  return {
    rmsCalibrationErrorLow: hasOneBin ? errorLow : mirrored(errorHigh),
    rmsCalibrationErrorHigh: hasOneBin ? errorHigh : mirrored(errorLow),
    aurraLow: areas.at(0.025),
    aurraHigh: areas.at(0.975),
    softF1Low: scores.at(0.025),
    softF1High: scores.at(0.975),
  };
}

/** Draws each photo with equal probability. A resample must be used before the next is drawn. */
function* resamplesOf({ confidence, photos, correct }: Ranking): Generator<Ranking> {
  // One entry for each photo: twice its place, and 1 more if its answer is correct.
  const entries = Array.from(photos, (count, place) =>
    Array.from({ length: count }, (_, i) => 2 * place + (i < (correct[place] ?? 0) ? 1 : 0)),
  ).flat();
  if (entries.length === 0) return;
  const random = xoroshiro128plus(SEED);
  const resample = { confidence, photos: new Float64Array(photos.length), correct: new Float64Array(photos.length) };
  for (let i = 0; i < RESAMPLES; i += 1) {
    resample.photos.fill(0);
    resample.correct.fill(0);
    for (let drawn = 0; drawn < entries.length; drawn += 1) {
      const entry = entries[uniformInt(random, 0, entries.length - 1)] ?? 0;
      countAnswer(resample, entry >> 1, entry % 2 === 1);
    }
    yield resample;
  }
}

type Accuracy = Pick<ClassAccuracy, 'accuracy' | 'accuracyLow' | 'accuracyHigh'>;

/**
 * 95 % interval of `a.accuracy - b.accuracy` on two different sets of photos, from their Wilson intervals. Unlike a
 * bootstrap it has a width where a model is right on all photos of a set or on none. Source: R. G. Newcombe, "Interval
 * estimation for the difference between independent proportions", Statistics in Medicine 17 (1998), method 10.
 */
export function differenceInterval(a: Accuracy, b: Accuracy): { readonly low: number; readonly high: number } {
  const difference = a.accuracy - b.accuracy;
  return {
    low: difference - Math.hypot(a.accuracy - a.accuracyLow, b.accuracyHigh - b.accuracy),
    high: difference + Math.hypot(a.accuracyHigh - a.accuracy, b.accuracy - b.accuracyLow),
  };
}
