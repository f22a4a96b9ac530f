import { describe, expect, it } from 'vitest';
import { median, ratePerSecond, spreadOf, steadyStretch, valueAt } from '../../../../scripts/bench/statistics.ts';

describe('statistics of benchmarks', () => {
  it('takes the middle value, or the mean of the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 9, 2])).toBe(3);
    expect(() => median([])).toThrow(RangeError);
    expect(spreadOf([3, 1, 8])).toEqual({ median: 3, min: 1, max: 8 });
  });

  it('leaves out the first and the last tenth of a run', () => {
    const steady = Array.from({ length: 80 }, (_, i) => 10_000 + i * 10);
    const start = Array.from({ length: 10 }, (_, i) => i * 1_000);
    const end = Array.from({ length: 10 }, (_, i) => 20_000 + i * 1_000);
    const stretch = steadyStretch([...end, ...steady, ...start]);
    expect(stretch).toEqual({ fromMs: 10_000, toMs: 10_790, items: 79 });
    expect(ratePerSecond(stretch)).toBeCloseTo(100);
    expect(() => steadyStretch([1, 2, 3])).toThrow('Expected at least 20 items');
  });

  it('interpolates between two readings, and outside of them returns the nearest one', () => {
    const readings = [
      { atMs: 100, value: 1 },
      { atMs: 200, value: 3 },
    ];
    expect(valueAt(readings, 150)).toBe(2);
    expect(valueAt(readings, 50)).toBe(1);
    expect(valueAt(readings, 500)).toBe(3);
    expect(valueAt([], 500)).toBe(0);
  });
});
