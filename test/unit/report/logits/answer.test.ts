import { describe, expect, it } from 'vitest';
import { answerOf, answerOfProbabilities, areProbabilities } from '../../../../src/report/logits/answer.ts';

describe('the answer of a model', () => {
  it('is the class with the largest logit, and its probability', () => {
    expect(answerOf([0, Math.log(3), 0])).toEqual({ predicted: 1, confidence: expect.closeTo(0.6, 12) });
    expect(answerOf([1000, 1000])).toEqual({ predicted: 0, confidence: 0.5 });
  });

  it('from probabilities is the largest, rescaled to a sum of 1', () => {
    expect(answerOfProbabilities(Float64Array.of(0.1, 0.3))).toEqual({
      predicted: 1,
      confidence: expect.closeTo(0.75, 12),
    });
    expect(answerOfProbabilities(Float64Array.of(0, 1e-60, 3e-60)).confidence).toBeCloseTo(0.75, 12);
    expect(answerOfProbabilities(new Float64Array(4))).toEqual({ predicted: 0, confidence: 0.25 });
  });

  it('comes from probabilities only if none is outside 0..1 and they sum to 1', () => {
    expect(areProbabilities([0.25, 0.75])).toBe(true);
    expect(areProbabilities([0.25, 0.7505])).toBe(true);
    expect(areProbabilities([0.25, 0.752])).toBe(false);
    expect(areProbabilities([-0.25, 1.25])).toBe(false);
    expect(areProbabilities([Number.NaN, 1])).toBe(false);
  });
});
