import { largest, probabilities } from '../../../core/models/evidence/softmax.ts';

export interface Answered {
  /** Position in the list of classes (`among`). */
  readonly predicted: number;
  /** The largest probability, 0..1. */
  readonly confidence: number;
  /** Positions of the five classes with the largest logits, the predicted one first. Absent if the logits are not stored. */
  readonly top5?: readonly number[];
}

/** The class with the largest logit (the first of equals), and its p in double precision. */
export function answerOf(logits: ArrayLike<number>, isSigmoid?: boolean): Answered {
  const top5 = largest(logits, 5);
  const [predicted = -1] = top5;
  return { predicted, confidence: probabilities(logits, isSigmoid)[predicted] ?? Number.NaN, top5 };
}

/** The same from probabilities or percentages, rescaled to sum to 1. If all are 0, every class is equally likely. */
export function answerOfProbabilities(given: Float64Array): Answered {
  // The logarithm of the smallest number is finite.
  return answerOf(given.map((p) => Math.log(Math.max(p, Number.MIN_VALUE))));
}

/** Relative tolerance of a row's sum, which is 1 for probabilities and 100 for percentages. */
const SUM_TOLERANCE = 0.02;

/**
 * `probabilities` or `percentages` are not negative and sum to 1 or 100 within 2 %, so that bfloat16 and four decimals
 * are recognised. `logits`: a number is negative or above any percentage. `unclear`: the rest.
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
