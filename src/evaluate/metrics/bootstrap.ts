import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { Percentiles } from '../../kernel/percentiles.ts';

/** Accuracy of `a` minus accuracy of `b`, -1..1, with the ends of its 95 % interval. */
export interface PairedDifference {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2_000;
const SEED = 1;

/**
 * Compares two models on the same photos with a paired bootstrap: the 2.5th and 97.5th percentiles of the difference
 * over 2,000 resamples of the photos, with a fixed seed. Equal lists, in any order of the photos, give equal numbers. A
 * resample changes the difference only by how often it draws photos that one model alone gets right. These two numbers
 * are multinomial, so each resample draws them as two binomial numbers, instead of every photo. Source: B. Efron and R.
 * J. Tibshirani, "An Introduction to the Bootstrap" (1993), sections 8.3 and 13.3.
 * @param a for each photo, whether the first model is right; `b` the same of the second
 * @throws RangeError if the lists are empty or differ in length
 */
export function pairedDifference(a: readonly boolean[], b: readonly boolean[]): PairedDifference {
  const photos = a.length;
  if (photos === 0 || photos !== b.length) {
    throw new RangeError(`Expected answers of both models on the same photos but received ${photos} and ${b.length}.`);
  }
  const onlyA = a.filter((isCorrect, i) => isCorrect && b[i] === false).length;
  const onlyB = b.filter((isCorrect, i) => isCorrect && a[i] === false).length;
  const binomial = new BinomialNumbers(photos);
  const differences = new Percentiles();
  for (let i = 0; i < RESAMPLES; i += 1) {
    const drawnA = binomial.draw(photos, onlyA / photos);
    const drawnB = binomial.draw(photos - drawnA, onlyA === photos ? 0 : onlyB / (photos - onlyA));
    differences.add((drawnA - drawnB) / photos);
  }
  const difference = (onlyA - onlyB) / photos;
  return {
    difference,
    low: differences.at(0.025) ?? difference,
    high: differences.at(0.975) ?? difference,
  };
}

/**
 * Draws binomial numbers by inversion from the mode: subtracts the probabilities of the mode and of its neighbours, nearest
 * first, from a uniform number until none of it is left. Takes about as many steps as the standard deviation.
 * Source: V. Kachitvichyanukul and B. W. Schmeiser, "Binomial random variate generation", CACM 31 (1988), section 1.
 */
class BinomialNumbers {
  readonly #random: RandomGenerator = xoroshiro128plus(SEED);
  readonly #logFactorials: Float64Array;

  constructor(mostTrials: number) {
    this.#logFactorials = new Float64Array(mostTrials + 1);
    for (let i = 2; i <= mostTrials; i += 1) this.#logFactorials[i] = this.#logFactorial(i - 1) + Math.log(i);
  }

  /** @param trials 0..mostTrials @param probability 0..1, within rounding */
  draw(trials: number, probability: number): number {
    if (trials === 0 || probability <= 0) return 0;
    if (probability >= 1) return trials;
    const odds = probability / (1 - probability);
    const mode = Math.min(trials, Math.floor((trials + 1) * probability));
    const share = this.#share(mode, trials, probability);
    let [below, above, belowShare, aboveShare] = [mode, mode, share, share];
    let rest = uniformFloat64(this.#random) - share;
    while (rest > 0 && (below > 0 || above < trials)) {
      if (above < trials) {
        aboveShare *= (odds * (trials - above)) / (above + 1);
        above += 1;
        rest -= aboveShare;
        if (rest <= 0) return above;
      }
      if (below > 0) {
        belowShare *= below / (odds * (trials - below + 1));
        below -= 1;
        rest -= belowShare;
        if (rest <= 0) return below;
      }
    }
    return mode;
  }

  #share(successes: number, trials: number, probability: number): number {
    const failures = trials - successes;
    const ways = this.#logFactorial(trials) - this.#logFactorial(successes) - this.#logFactorial(failures);
    return Math.exp(ways + successes * Math.log(probability) + failures * Math.log1p(-probability));
  }

  #logFactorial(n: number): number {
    return this.#logFactorials[n] ?? 0;
  }
}
