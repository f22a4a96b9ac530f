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
 * The same from probabilities of the classes to choose among, which need not sum to 1: they are rescaled. Without any probability
 * every class is as likely as any other.
 *
 * @param probabilities 0..1
 */
export function answerOfProbabilities(probabilities: Float64Array): Answered {
  // The logarithm of the smallest number is finite.
  return answerOf(probabilities.map((p) => Math.log(Math.max(p, Number.MIN_VALUE))));
}

/** How far the sum of the probabilities of one row may be from 1. */
const SUM_TOLERANCE = 1e-3;

/** Whether numbers may be probabilities of all classes: none is below 0 or above 1, and they sum to 1. */
export function areProbabilities(values: ArrayLike<number>): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? Number.NaN;
    if (!(value >= 0 && value <= 1)) return false;
    sum += value;
  }
  return Math.abs(sum - 1) < SUM_TOLERANCE;
}
