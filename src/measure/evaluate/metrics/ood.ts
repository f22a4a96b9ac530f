import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { Percentiles } from '../../../core/kernel/percentiles.ts';
import type { CurvePoint, OodLists, OodMeasures } from '../evaluation.ts';
import { checkConfidence } from './answer.ts';
import {
  auroc,
  averagePrecision,
  fpr95,
  increase,
  precisionRecallCurve,
  rocCurve,
  type Thresholds,
  thresholdsOf,
} from './thresholds.ts';

const RESAMPLES = 1_000;
const SEED = 1;

const OOD_POLARITY = 'positive: photos of the set; score: minus the confidence (the largest p of the classes)';

export interface Confidences {
  readonly set: readonly number[];
  readonly inDistribution: readonly number[];
}

/**
 * Measures how well low confidence tells photos of the set (positive) from photos in the distribution. Score = -confidence.
 * The metrics are in `thresholds.ts`. Intervals are the 2.5th and 97.5th percentiles of 1,000 bootstrap resamples with a fixed
 * seed, which draw as many positives from the positives, and negatives from the negatives, as there are.
 * Chance levels are those of a random score: AUPR positives / all, AUROC 0.5, FPR95 0.95.
 * Source: Hendrycks et al., "Natural Adversarial Examples" (2021), section 4; upstream's `get_measures(out_score, in_score)`.
 * @throws RangeError if one of the lists is empty or has a number that is not from 0 to 1
 */
export function oodMeasures(confidences: Confidences): Omit<OodMeasures, keyof OodLists> {
  const thresholds = oodThresholds(confidences);
  const [auprs, aurocs, nearest, first] = [new Percentiles(), new Percentiles(), new Percentiles(), new Percentiles()];
  for (const resample of resamplesOf(thresholds)) {
    auprs.add(averagePrecision(resample));
    aurocs.add(auroc(resample));
    nearest.add(fpr95(resample, 'nearest'));
    first.add(fpr95(resample, 'first'));
  }
  const [positives, negatives] = [confidences.set.length, confidences.inDistribution.length];
  const measures = {
    auroc: auroc(thresholds),
    aupr: averagePrecision(thresholds),
    fpr95Nearest: fpr95(thresholds, 'nearest'),
    fpr95First: fpr95(thresholds, 'first'),
  };
  return {
    positives,
    negatives,
    auroc: measures.auroc,
    aurocLow: aurocs.at(0.025) ?? measures.auroc,
    aurocHigh: aurocs.at(0.975) ?? measures.auroc,
    aupr: measures.aupr,
    auprLow: auprs.at(0.025) ?? measures.aupr,
    auprHigh: auprs.at(0.975) ?? measures.aupr,
    fpr95Nearest: measures.fpr95Nearest,
    fpr95NearestLow: nearest.at(0.025) ?? measures.fpr95Nearest,
    fpr95NearestHigh: nearest.at(0.975) ?? measures.fpr95Nearest,
    fpr95First: measures.fpr95First,
    fpr95FirstLow: first.at(0.025) ?? measures.fpr95First,
    fpr95FirstHigh: first.at(0.975) ?? measures.fpr95First,
    chance: { auroc: 0.5, aupr: positives / (positives + negatives), fpr95: 0.95 },
    polarity: OOD_POLARITY,
  };
}

export function oodCurves(confidences: Confidences): {
  readonly precisionRecall: CurvePoint[];
  readonly roc: CurvePoint[];
} {
  const thresholds = oodThresholds(confidences);
  return { precisionRecall: precisionRecallCurve(thresholds), roc: rocCurve(thresholds) };
}

function oodThresholds({ set, inDistribution }: Confidences): Thresholds {
  return thresholdsOf({ positives: scoresOf(set), negatives: scoresOf(inDistribution) });
}

function scoresOf(confidences: readonly number[]): number[] {
  return confidences.map((confidence) => -checkConfidence(confidence));
}

/** Each photo is drawn with equal probability, positives and negatives apart. A resample is used before the next is drawn. */
function* resamplesOf(thresholds: Thresholds): Generator<Thresholds> {
  const random = xoroshiro128plus(SEED);
  const draw = (places: Uint32Array): Float64Array => {
    const counts = new Float64Array(thresholds.positives.length);
    for (let drawn = 0; drawn < places.length; drawn += 1) {
      increase(counts, places[uniformInt(random, 0, places.length - 1)] ?? 0);
    }
    return counts;
  };
  const [positives, negatives] = [placesOf(thresholds.positives), placesOf(thresholds.negatives)];
  for (let i = 0; i < RESAMPLES; i += 1) yield { positives: draw(positives), negatives: draw(negatives) };
}

function placesOf(counts: Float64Array): Uint32Array {
  return Uint32Array.from(Array.from(counts, (count, place) => Array.from({ length: count }, () => place)).flat());
}
