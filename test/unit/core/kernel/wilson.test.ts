import { describe, expect, it } from 'vitest';
import { wilsonInterval } from '../../../../src/core/kernel/wilson.ts';

describe('Wilson interval', () => {
  // scipy.stats.binomtest(k, n).proportion_ci(method='wilson')
  it.each([
    [3, 10, 0.107_791_267_406_301_02, 0.603_221_852_538_854_6],
    [0, 7, 0, 0.354_330_435_066_687_43],
    [7, 7, 0.645_669_564_933_312_6, 1],
  ])('of %i of %i is what scipy gives', (...[successes, trials, low, high]) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval?.low).toBeCloseTo(low, 12);
    expect(interval?.high).toBeCloseTo(high, 12);
  });

  it('is null without a trial', () => {
    expect(wilsonInterval(0, 0)).toBeNull();
  });

  it.each([
    [1, 0],
    [-1, 3],
    [0.5, 3],
    [Number.NaN, 3],
    [1, -3],
    [1, 2.5],
    [1, Infinity],
  ])('refuses %s successes of %s', (successes, trials) => {
    expect(() => wilsonInterval(successes, trials)).toThrow(RangeError);
  });
});
