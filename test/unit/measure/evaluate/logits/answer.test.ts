import { describe, expect, it } from 'vitest';
import { answerOf, answerOfProbabilities, rowKindOf } from '../../../../../src/measure/evaluate/logits/answer.ts';

describe('the answer of a model', () => {
  it('is the class with the largest logit, and its probability', () => {
    expect(answerOf([0, Math.log(3), 0])).toMatchObject({ predicted: 1, confidence: expect.closeTo(0.6, 12) });
    expect(answerOf([1000, 1000])).toEqual({ predicted: 0, confidence: 0.5, top5: [0, 1] });
    expect(answerOf([0, 3, 9, 3, -1, 4, 8]).top5).toEqual([2, 6, 5, 1, 3]);
  });

  it('from probabilities is the largest, rescaled to a sum of 1', () => {
    expect(answerOfProbabilities(Float64Array.of(0.1, 0.3))).toMatchObject({
      predicted: 1,
      confidence: expect.closeTo(0.75, 12),
    });
    expect(answerOfProbabilities(Float64Array.of(0, 1e-60, 3e-60)).confidence).toBeCloseTo(0.75, 12);
    expect(answerOfProbabilities(new Float64Array(4))).toMatchObject({ predicted: 0, confidence: 0.25 });
  });

  it.each([
    ['probabilities', [0.25, 0.75]],
    ['probabilities', [0.25, 0.765]],
    ['probabilities', [0, 1]],
    ['percentages', [25, 75]],
    ['percentages', [0, 101.9]],
    ['unclear', [0.25, 0.775]],
    ['unclear', [0, 0]],
    ['unclear', [3, 9]],
    ['logits', [-0.25, 1.25]],
    ['logits', [3, 103]],
  ] as const)('comes from %s if its row is %j', (kind, values) => {
    expect(rowKindOf(values)).toBe(kind);
  });
});
