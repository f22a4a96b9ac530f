import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { Percentiles } from '../../../core/kernel/percentiles.ts';
import type { Accuracy } from '../evaluation.ts';
import { countAnswer, type Ranking } from './answer.ts';
import { aurra } from './response-rate.ts';
import { softF1 } from './soft-f1.ts';

const RESAMPLES = 1_000;
const SEED = 1;

/** 95 % percentile intervals of AURRA and soft-F1: 1,000 bootstrap resamples of the photos with a fixed seed. */
export function confidenceIntervals(ranking: Ranking) {
  const [areas, scores] = [new Percentiles(), new Percentiles()];
  for (const resample of resamplesOf(ranking)) {
    areas.add(aurra(resample) ?? 0);
    scores.add(softF1(resample));
  }
  const hasArea = aurra(ranking) !== null;
  return {
    aurraLow: hasArea ? areas.at(0.025) : null,
    aurraHigh: hasArea ? areas.at(0.975) : null,
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
