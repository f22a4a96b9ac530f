import { describe, expect, it } from 'vitest';
import { holm, mcnemarP } from '../../../../../src/measure/evaluate/metrics/mcnemar.ts';

// From statsmodels 0.14: mcnemar([[5, onlyA], [onlyB, 7]], exact=True).pvalue
it.each([
  [0, 0, 1],
  [3, 0, 0.25],
  [5, 1, 0.21875],
  [10, 14, 0.541_256_189_346_313_5],
  [24, 0, 1.192_092_895_507_812_5e-7],
  [60, 35, 0.013_378_703_026_003_939],
  [1800, 1500, 1.905_154_938_765_634_5e-7],
])(
  'McNemar’s exact test of %i and %i photos that one model alone gets right has the p of statsmodels',
  (onlyA, onlyB, p) => {
    expect(mcnemarP(onlyA, onlyB) / p).toBeCloseTo(1, 9);
    expect(mcnemarP(onlyB, onlyA)).toBe(mcnemarP(onlyA, onlyB));
  },
);

describe('Holm’s correction', () => {
  it('gives the corrected p of statsmodels in the order of the tests', () => {
    const corrected = [0.04, 0.09, 0.09, 0.025, 0.5].map((value) => expect.closeTo(value, 12));
    expect(holm([0.01, 0.04, 0.03, 0.005, 0.5])).toEqual(corrected);
  });

  it('leaves a single test as it is and needs none', () => {
    expect(holm([0.03])).toEqual([0.03]);
    expect(holm([])).toEqual([]);
  });
});
