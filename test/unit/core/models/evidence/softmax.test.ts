import { describe, expect, it } from 'vitest';
import { argmax, softmax } from '../../../../../src/core/models/evidence/softmax.ts';

/** Computed with Python's decimal module, 60 digits, from the float32 values of the logits. */
const GOLDEN: readonly { readonly logits: readonly number[]; readonly probs: readonly number[] }[] = [
  { logits: [2.5], probs: [1] },
  { logits: [1, 2, 3], probs: [0.09003057317038046, 0.24472847105479764, 0.6652409557748219] },
  {
    logits: [0.1, -0.2, 0.3, 12.7],
    probs: [3.371982200753823e-6, 2.4980258429658246e-6, 4.118548403427526e-6, 0.9999900114435528],
  },
  { logits: [1000, 999, 998], probs: [0.6652409557748219, 0.24472847105479764, 0.09003057317038046] },
  { logits: [-1000, 0, 1000], probs: [0, 0, 1] },
  { logits: [3.4028234663852886e38, -3.4028234663852886e38, 0], probs: [1, 0, 0] },
  { logits: [88.7, 88.8, -103.9], probs: [0.47501929045073427, 0.5249807095492658, 1.07546107121415e-84] },
  { logits: [1e-45, 0, -1e-45], probs: [1 / 3, 1 / 3, 1 / 3] },
  {
    logits: [-50000, -50000.00390625, -50700],
    probs: [0.5009765612582384, 0.4990234387417615, 4.939466850011283e-305],
  },
];

it.each(GOLDEN)('softmax of $logits equals the result of exact arithmetic', ({ logits, probs }) => {
  const ours = softmax(Float32Array.from(logits));
  expect(ours).toHaveLength(probs.length);
  probs.forEach((prob, i) => {
    const error = Math.abs((ours[i] ?? Number.NaN) - prob);
    expect(error).toBeLessThanOrEqual(prob * 1e-13);
  });
});

describe('argmax', () => {
  it('is the first of equal values, as in NumPy and PyTorch', () => {
    expect(argmax([1, 7, 7, 7])).toBe(1);
    expect(argmax([0, 0])).toBe(0);
    expect(argmax([-Infinity, -Infinity])).toBe(0);
  });

  it('skips one position', () => {
    expect(argmax([9, 1, 5], 0)).toBe(2);
    expect(argmax([9, 1, 5, 5], 2)).toBe(0);
    expect(argmax([-Infinity, -Infinity], 0)).toBe(1);
  });

  it('is -1 for an empty list', () => {
    expect(argmax([])).toBe(-1);
    expect(argmax([4], 0)).toBe(-1);
  });
});
