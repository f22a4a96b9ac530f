import { describe, expect, it } from 'vitest';
import { keptAWhile } from '../../../src/kernel/kept-a-while.ts';

/** Counts readings, each of which takes `takesMs` of a clock that stands still otherwise. */
function scene({ takesMs = 0 } = {}) {
  let nowMs = 0;
  let readings = 0;
  const read = keptAWhile(
    async () => {
      nowMs += takesMs;
      return (readings += 1);
    },
    { forMs: 60_000, clock: { nowMs: () => nowMs } },
  );
  return {
    read,
    at: async (ms: number) => {
      nowMs = ms;
      return read();
    },
  };
}

describe('what is kept a while', () => {
  it('is read once for all who ask within it, and anew after it', async () => {
    const { at } = scene();
    expect([await at(0), await at(59_999), await at(60_000), await at(60_001)]).toEqual([1, 1, 2, 2]);
  });

  it('is kept twenty times as long as reading it took', async () => {
    const { at } = scene({ takesMs: 10_000 });
    expect([await at(0), await at(199_999), await at(200_000)]).toEqual([1, 1, 2]);
  });

  it('is shared by those who ask while it is read', async () => {
    const { read } = scene();
    expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
  });

  it('is not kept if it could not be read', async () => {
    let isAway = true;
    const read = keptAWhile(async () => (isAway ? Promise.reject(new Error('away')) : 'here'), {
      forMs: 60_000,
      clock: { nowMs: () => 0 },
    });
    await expect(read()).rejects.toThrow('away');
    isAway = false;
    expect(await read()).toBe('here');
  });
});
