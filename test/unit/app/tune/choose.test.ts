import { describe, expect, it } from 'vitest';
import { batchTimes, bestBatch, bestLayout, threadCounts } from '../../../../src/app/tune/choose.ts';

describe('the choice of settings', () => {
  it('takes the best time of a crop for each pass size', () => {
    const times = batchTimes(
      'lite0',
      new Map([
        [1, [10, 30]],
        [4, [60, 36, 90]],
      ]),
    );
    expect(times).toEqual([
      { model: 'lite0', crops: 1, msPerCrop: 10 },
      { model: 'lite0', crops: 4, msPerCrop: 9 },
    ]);
  });

  it('takes the pass size that is best for all members together, the smallest if several are as good', () => {
    const of = (model: string, ...ms: readonly number[]) =>
      ms.map((msPerCrop, i) => ({ model, crops: 2 ** i, msPerCrop }));
    expect(bestBatch(of('a', 10, 9, 9.5))).toBe(2);
    expect(bestBatch([...of('a', 10, 9, 9.5), ...of('b', 20, 20, 17)])).toBe(4);
    expect(bestBatch(of('a', 9.1, 9, 9))).toBe(1);
  });

  it('takes the smallest number of threads that is as fast as any', () => {
    expect(
      bestLayout([
        { threads: 8, cropsPerSecond: 101 },
        { threads: 4, cropsPerSecond: 100 },
        { threads: 1, cropsPerSecond: 30 },
      ]),
    ).toBe(4);
  });

  it('tries all processors, half of them, one less and one', () => {
    expect(threadCounts(8)).toEqual([8, 7, 4, 1]);
    expect(threadCounts(2)).toEqual([2, 1]);
    expect(threadCounts(1)).toEqual([1]);
    // No more threads than the setting allows.
    expect(threadCounts(384)).toEqual([256, 192, 1]);
  });
});
