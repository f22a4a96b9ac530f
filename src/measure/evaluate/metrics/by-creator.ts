import { tQuantile, tTail } from '../../../core/kernel/student-t.ts';
import { scoreInterval, type Interval } from '../../../core/kernel/wilson.ts';
import type { Answers } from './kendall.ts';
import { mcnemarP } from './mcnemar.ts';

/** For each photo the number of its creator, 0 or more. Photos of one creator may resemble each other. */
export type Creators = readonly number[];

interface Clustered {
  readonly mean: number;
  /** Of the mean: that of the delete-one-creator jackknife, but at least `spread / photos`. */
  readonly variance: number;
  /** The jackknife's variance over that of independent photos; NaN if all values are equal. */
  readonly designEffect: number;
  /** Of one photo. */
  readonly spread: number;
  readonly creators: number;
  /** (Σm)² / Σm² with m photos of each creator: as many creators with equally many photos are worth the same. */
  readonly effective: number;
  /** The t quantile's and p's degrees of freedom. */
  readonly degrees: number;
}

/**
 * The mean of a number of each photo, as far as its creators say how certain it is. The jackknife's variance is (G - 1) / G · Σ (mean
 * without creator g - mean)² for G creators. The degrees of freedom are those of A. V. Carter, K. T. Schnepel and D. G. Steigerwald,
 * "Asymptotic behavior of a t-test robust to cluster heterogeneity", Review of Economics and Statistics 99 (2017), 698-709, for
 * photos that do not resemble each other; their cautious variant gives intervals that say nothing.
 */
function clusteredMean(values: readonly number[], creators: Creators): Clustered {
  const photos = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / photos;
  const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / photos;
  const byCreator = new Map<number, { size: number; rest: number }>();
  for (const [i, value] of values.entries()) {
    const { size, rest } = byCreator.get(creators[i] ?? 0) ?? { size: 0, rest: 0 };
    byCreator.set(creators[i] ?? 0, { size: size + 1, rest: rest + value - mean });
  }
  const count = byCreator.size;
  let [moved, squares] = [0, 0];
  for (const { size, rest } of byCreator.values()) {
    moved += count === 1 ? 0 : (rest / (photos - size)) ** 2;
    squares += size ** 2;
  }
  const effective = photos ** 2 / squares;
  const jackknife = ((count - 1) / count) * moved;
  const variance = Math.max(jackknife, spread / photos);
  const designEffect = (jackknife * photos) / spread;
  return { mean, variance, designEffect, spread, creators: count, effective, degrees: Math.max(1, effective - 1) };
}

/**
 * The 95 % interval of an accuracy over new photos and new creators: Wilson's, with the number of independent photos that would have the
 * jackknife's variance, and a t quantile. If all answers are right, or none is, with the effective number of creators. Null with
 * answers on photos of fewer than two creators.
 */
export function creatorInterval(answers: Answers, creators: Creators): Interval | null {
  const seen = answers.flatMap((answer, i) =>
    answer === null ? [] : [{ right: Number(answer), by: creators[i] ?? 0 }],
  );
  const found = clusteredMean(
    seen.map(({ right }) => right),
    seen.map(({ by }) => by),
  );
  if (!(found.creators > 1)) return null;
  const { mean, variance, spread, effective, degrees } = found;
  return scoreInterval(mean, variance === 0 ? effective : spread / variance, tQuantile(degrees));
}

/** Accuracy of `a` minus accuracy of `b`, -1..1, with the ends of its 95 % interval. */
export interface PairedDifference extends Interval {
  readonly difference: number;
  /** How likely is a difference at least this large, if neither model is better? 0..1 */
  readonly p: number;
}

export type AnswerPair = readonly [a: boolean, b: boolean];

/** How a pair of models differs, for `power.ts`: the share that one alone gets right, and what the creators do to the difference. */
export function pairFacts(pairs: readonly AnswerPair[], creators: Creators) {
  const values = pairs.map(([a, b]) => Number(a) - Number(b));
  const { designEffect, effective } = clusteredMean(values, creators);
  const discordant = values.filter((value) => value !== 0).length / values.length;
  return { discordant, designEffect, photosPerCreator: values.length / effective };
}

/**
 * Compares two models on the same photos. The interval is mean ± t·standard error of the jackknife by creator, or by photo if
 * the creators are unknown (null) or one. p is McNemar's; with creators the larger of his and that of the jackknife's t: his
 * takes photos as independent, and the t fails with few photos that one model alone gets right. If there is none, or one model alone gets
 * all right, the variance is 0. Then the half width is Wilson's limit of 0 out of so many creators.
 */
export function pairedDifference(pairs: readonly AnswerPair[], creators: Creators | null): PairedDifference {
  const values = pairs.map(([a, b]) => Number(a) - Number(b));
  const isKnown = new Set(creators).size > 1;
  const { mean, variance, effective, degrees } = clusteredMean(values, isKnown ? (creators ?? []) : [...values.keys()]);
  const t = tQuantile(degrees);
  const half = variance === 0 ? t ** 2 / (effective + t ** 2) : t * Math.sqrt(variance);
  const [onlyA, onlyB] = [1, -1].map((sign) => values.filter((value) => value === sign).length);
  const byPhoto = mcnemarP(onlyA ?? 0, onlyB ?? 0);
  const byCreator =
    variance === 0
      ? mcnemarP(Math.round(effective) * Math.abs(mean), 0)
      : tTail(Math.abs(mean) / Math.sqrt(variance), degrees);
  return {
    difference: mean,
    low: Math.max(-1, mean - half),
    high: Math.min(1, mean + half),
    p: isKnown ? Math.max(byPhoto, byCreator) : byPhoto,
  };
}
