import { describe, expect, it } from 'vitest';
import { hypergeometricLimits } from '../../../../../src/core/review/acceptance/hypergeometric.ts';

describe('hypergeometricLimits', () => {
  // scipy 1.17: the least K with hypergeom.sf(x - 1, N, K, n) > 0.025, the largest with hypergeom.cdf(x, N, K, n) > 0.025.
  it.each([
    [40, 10, 2, 2, 20],
    [360, 36, 0, 0, 33],
    [1_000, 100, 7, 31, 135],
    [2_000, 200, 1, 1, 52],
    [60, 5, 5, 30, 60],
  ])(
    'are those of scipy for a population of %d, %d drawn, %d successes',
    (...[population, size, successes, ...ends]) => {
      const { low, high } = hypergeometricLimits({ population, size, successes, confidence: 0.95 });
      expect([low * population, high * population].map(Math.round)).toEqual(ends);
    },
  );

  it('are those of the next smaller sample if size and successes are not whole', () => {
    const of = (size: number, successes: number) =>
      hypergeometricLimits({ population: 500, size, successes, confidence: 0.95 });
    expect(of(60.7, 4.5)).toEqual({ low: of(60, 4).low, high: of(60, 5).high });
    for (const rounding of [1e-9, -1e-9]) expect(of(60 - rounding, 4 + rounding)).toEqual(of(60, 4));
  });
});
