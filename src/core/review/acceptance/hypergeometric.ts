export interface PopulationSample {
  readonly population: number;
  readonly size: number;
  readonly successes: number;
  /** How often the interval contains the truth at least, above 0, below 1. */
  readonly confidence: number;
}

/** Sizes and successes of weighted samples are sums of fractions, and not quite whole. */
const ROUNDING = 1e-6;

/**
 * The exact interval of a share of a finite population, from a sample drawn without replacement: the shares for which at most,
 * and at least, the observed successes each have a probability of (1 - confidence) / 2 or more. Size and successes of a
 * weighted sample may be fractions: then the interval is that of the next smaller size, from the successes below to
 * those above. Source: T. Wright, "Exact Confidence Bounds when Sampling from Small Finite Universes", Springer 1991.
 */
export function hypergeometricLimits({ population, size: drawn, successes, confidence }: PopulationSample): {
  readonly low: number;
  readonly high: number;
} {
  const tail = (1 - confidence) / 2;
  const size = Math.floor(drawn + ROUNDING);
  const few = Math.floor(successes + ROUNDING);
  const many = Math.min(size, Math.ceil(successes - ROUNDING));
  const factorials = logFactorials(population);
  const logChoose = (n: number, k: number): number =>
    k < 0 || k > n ? -Infinity : (factorials[n] ?? 0) - (factorials[k] ?? 0) - (factorials[n - k] ?? 0);
  const all = logChoose(population, size);
  // The chance of at most `most` successes if the population has `total` of them.
  const upTo = (total: number, most: number): number => {
    let sum = 0;
    for (let found = 0; found <= most; found += 1)
      sum += Math.exp(logChoose(total, found) + logChoose(population - total, size - found) - all);
    return sum;
  };
  // Both conditions hold from one total on.
  const low = firstWhere(population, (total) => 1 - upTo(total, few - 1) > tail);
  const high = firstWhere(population, (total) => upTo(total, many) <= tail) - 1;
  return { low: low / population, high: high / population };
}

/** The least whole number up to `most` that fulfils a condition, which all larger ones fulfil too; most + 1 if none does. */
export function firstWhere(most: number, holds: (number: number) => boolean): number {
  let [from, to] = [0, most + 1];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** log(n!) for n from 0 to `most`. */
export function logFactorials(most: number): Float64Array {
  const sums = new Float64Array(most + 1);
  for (let n = 2; n <= most; n += 1) sums[n] = (sums[n - 1] ?? 0) + Math.log(n);
  return sums;
}
