import { argmax, softmax } from '../../evidence/softmax.ts';

/** What a model says of one photo, whatever the photo shows. */
export interface Answered {
  /** Position among the classes to choose among. */
  readonly predicted: number;
  /** The largest probability, 0..1. */
  readonly confidence: number;
}

/**
 * The class with the largest logit (the first of equals), and its probability: softmax in double precision.
 *
 * @param logits of the classes to choose among, finite
 */
export function answerOf(logits: ArrayLike<number>): Answered {
  const predicted = argmax(logits);
  return { predicted, confidence: softmax(logits)[predicted] ?? Number.NaN };
}

/**
 * The same from probabilities or percentages of the classes to choose among, whatever their sum: they are rescaled. Without any probability
 * every class is as likely as any other.
 *
 * @param probabilities 0 or more
 */
export function answerOfProbabilities(probabilities: Float64Array): Answered {
  // The logarithm of the smallest number is finite.
  return answerOf(probabilities.map((p) => Math.log(Math.max(p, Number.MIN_VALUE))));
}

/** How far the sum of a row's probabilities may be from 1, or that of its percentages from 100, as a share of it. */
const SUM_TOLERANCE = 0.02;

/**
 * The kinds of numbers that a row may hold: `probabilities` or `percentages` are non-negative and sum to 1 or 100 within 2 %,
 * so that bfloat16 and four decimals are recognised. `logits`: a number is negative or above any percentage. `unclear`: the rest.
 */
export type RowKind = 'logits' | 'probabilities' | 'percentages' | 'unclear';

export function rowKindOf(values: ArrayLike<number>): RowKind {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? Number.NaN;
    if (value < 0 || value > 100 * (1 + SUM_TOLERANCE)) return 'logits';
    sum += value;
  }
  if (Math.abs(sum - 1) <= SUM_TOLERANCE) return 'probabilities';
  return Math.abs(sum / 100 - 1) <= SUM_TOLERANCE ? 'percentages' : 'unclear';
}
