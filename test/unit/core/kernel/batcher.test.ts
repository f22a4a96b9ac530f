import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createBatcher } from '../../../../src/core/kernel/batcher.ts';

/** Doubles numbers. A batch ends when the test releases it. */
function doubling(maxItems: number): {
  readonly double: (item: number) => Promise<number>;
  readonly batches: (readonly number[])[];
  readonly release: () => Promise<void>;
} {
  const batches: (readonly number[])[] = [];
  const releases: (() => void)[] = [];
  const double = createBatcher(async (items: readonly number[]) => {
    batches.push(items);
    await new Promise<void>((resolve) => releases.push(resolve));
    if (items.includes(13)) throw new RangeError('13 is not for us');
    return items.map((item) => item * 2);
  }, maxItems);
  return {
    double,
    batches,
    async release() {
      releases.shift()?.();
      await nextTurn();
    },
  };
}

describe('createBatcher', () => {
  it('starts a single item at once and collects the items that arrive while it runs', async () => {
    const { double, batches, release } = doubling(10);
    const results = [1, 2, 3].map((item) => double(item));
    expect(batches).toEqual([[1]]);
    await release();
    expect(batches).toEqual([[1], [2, 3]]);
    await release();
    expect(await Promise.all(results)).toEqual([2, 4, 6]);
    const later = double(4);
    await release();
    expect([await later, batches]).toEqual([8, [[1], [2, 3], [4]]]);
  });

  it('retries the items of a failed batch one by one, so that only the bad item fails', async () => {
    const { double, release } = doubling(10);
    const results = [1, 2, 13, 4].map((item) => double(item));
    const settled = Promise.allSettled(results);
    for (let i = 0; i < 6; i++) await release();
    const outcomes = (await settled).map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)));
    expect(outcomes).toEqual([2, 4, 'RangeError: 13 is not for us', 8]);
  });

  it('fails if the work returns too few results, so that no caller waits forever', async () => {
    const forgetful = createBatcher((items: readonly number[]) => Promise.resolve(items.slice(1)), 10);
    await expect(forgetful(1)).rejects.toThrow('Expected 1 results of a batch but received 0');
  });
});
