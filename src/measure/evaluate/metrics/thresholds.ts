import type { CurvePoint } from '../evaluation.ts';
import { thin } from './thin.ts';

export interface Scores {
  readonly positives: readonly number[];
  readonly negatives: readonly number[];
}

/**
 * Number of photos with each distinct score, highest score first, in lists of one length; an entry may be 0. Photos of
 * equal score are on the same side of any threshold, so the metrics below need no order among them.
 */
export interface Thresholds {
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/** @throws RangeError without a positive or without a negative, and for a score that is not finite */
export function thresholdsOf({ positives, negatives }: Scores): Thresholds {
  if (positives.length === 0 || negatives.length === 0) {
    throw new RangeError(
      `Expected scores of both kinds but received ${positives.length} positive and ${negatives.length} negative ones.`,
    );
  }
  const all = Float64Array.from(positives.concat(negatives)).toSorted().toReversed();
  const wrong = all.find((score) => !Number.isFinite(score));
  if (wrong !== undefined) throw new RangeError(`Expected finite scores but received ${wrong}.`);
  const places = new Map<number, number>();
  for (const score of all) if (!places.has(score)) places.set(score, places.size);
  const count = (scores: readonly number[]): Float64Array => {
    const counts = new Float64Array(places.size);
    for (const score of scores) increase(counts, places.get(score) ?? 0);
    return counts;
  };
  return { positives: count(positives), negatives: count(negatives) };
}

export function increase(counts: Float64Array, place: number): void {
  counts[place] = (counts[place] ?? 0) + 1;
}

function total(counts: Float64Array): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}

/**
 * Step-wise average precision: the sum over thresholds of (recall_k - recall_(k-1)) · precision_k. The trapezoid rule
 * gives other numbers. Source: scikit-learn's `average_precision_score`, which upstream uses.
 */
export function averagePrecision({ positives, negatives }: Thresholds): number {
  let [tp, fp, sum] = [0, 0, 0];
  for (let i = 0; i < positives.length; i += 1) {
    const added = positives[i] ?? 0;
    tp += added;
    fp += negatives[i] ?? 0;
    if (added > 0) sum += (added * tp) / (tp + fp);
  }
  return sum / tp;
}

/**
 * Area under the ROC curve: the share of positive-negative pairs whose positive has the higher score. A pair of equal
 * scores counts one half. Source: Mann-Whitney U; equal to scikit-learn's `roc_auc_score`.
 */
export function auroc({ positives, negatives }: Thresholds): number {
  let [tp, fp, pairs] = [0, 0, 0];
  for (let i = 0; i < positives.length; i += 1) {
    const [p, n] = [positives[i] ?? 0, negatives[i] ?? 0];
    pairs += n * (tp + p / 2);
    tp += p;
    fp += n;
  }
  return pairs / (tp * fp);
}

/**
 * - `nearest`: the threshold whose recall is nearest to 0.95. Among equally near ones, the lowest score that is needed for the
 *   higher recall, so the largest rate. Source: upstream's `fpr_and_fdr_at_recall`.
 * - `first`: the highest threshold whose recall is at least 0.95. Source: OpenOOD.
 */
export type RecallConvention = 'nearest' | 'first';

/** False positive rate at a recall of 0.95: share of negatives that are taken for positives, 0..1. */
export function fpr95({ positives, negatives }: Thresholds, convention: RecallConvention): number {
  const [all, allNegatives] = [total(positives), total(negatives)];
  let [tp, fp, best, bestDistance] = [0, 0, 0, Infinity];
  for (let i = 0; i < positives.length && tp < all; i += 1) {
    tp += positives[i] ?? 0;
    fp += negatives[i] ?? 0;
    const recall = tp / all;
    const distance = Math.abs(recall - 0.95);
    if (convention === 'first' && recall >= 0.95) return fp / allNegatives;
    if (distance <= bestDistance) [best, bestDistance] = [fp, distance];
  }
  return best / allNegatives;
}

function* cumulative({ positives, negatives }: Thresholds): Generator<{ readonly tp: number; readonly fp: number }> {
  let [tp, fp] = [0, 0];
  for (let i = 0; i < positives.length; i += 1) {
    tp += positives[i] ?? 0;
    fp += negatives[i] ?? 0;
    yield { tp, fp };
  }
}

/** At most 201 points (x: recall, y: precision, both 0..1) from recall 0, where the precision is that of the first threshold. */
export function precisionRecallCurve(thresholds: Thresholds): CurvePoint[] {
  const all = total(thresholds.positives);
  const points = Array.from(cumulative(thresholds), ({ tp, fp }) => ({ x: tp / all, y: tp / (tp + fp) }));
  return thin([{ x: 0, y: points[0]?.y ?? 0 }, ...points]);
}

/** At most 201 points (x: false positive rate, y: true positive rate, both 0..1) from (0, 0) to (1, 1). */
export function rocCurve(thresholds: Thresholds): CurvePoint[] {
  const [all, allNegatives] = [total(thresholds.positives), total(thresholds.negatives)];
  const points = Array.from(cumulative(thresholds), ({ tp, fp }) => ({ x: fp / allNegatives, y: tp / all }));
  return thin([{ x: 0, y: 0 }, ...points]);
}
