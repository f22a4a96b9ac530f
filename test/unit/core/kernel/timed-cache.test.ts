import { describe, expect, it } from 'vitest';
import { timedCache } from '../../../../src/core/kernel/timed-cache.ts';

/** A cached read that counts its calls. Each call advances the clock by `takesMs`; nothing else does. */
function scene({ takesMs = 0 } = {}) {
  let nowMs = 0;
  let readings = 0;
  const read = timedCache(
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

describe('timedCache', () => {
  it('reads once within the time and again after it', async () => {
    const { at } = scene();
    expect([await at(0), await at(59_999), await at(60_000), await at(60_001)]).toEqual([1, 1, 2, 2]);
  });

  it('keeps a value for twenty times as long as reading it took', async () => {
    const { at } = scene({ takesMs: 10_000 });
    expect([await at(0), await at(199_999), await at(200_000)]).toEqual([1, 1, 2]);
  });

  it('shares a running read between concurrent calls', async () => {
    const { read } = scene();
    expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
  });

  it('does not cache a failed read', async () => {
    let isAway = true;
    const read = timedCache(async () => (isAway ? Promise.reject(new Error('away')) : 'here'), {
      forMs: 60_000,
      clock: { nowMs: () => 0 },
    });
    await expect(read()).rejects.toThrow('away');
    isAway = false;
    expect(await read()).toBe('here');
  });
});
