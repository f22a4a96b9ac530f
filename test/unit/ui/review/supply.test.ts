import { describe, expect, it } from 'vitest';
import { renewMsOf, waitMsAfter } from '../../../../src/ui/review/supply.ts';

describe('the supply of photos', () => {
  it('renews leases every two minutes, and three times in a short lease', () => {
    expect([renewMsOf(600_000), renewMsOf(30_000)]).toEqual([120_000, 10_000]);
  });

  it('waits longer after each answer without a photo, but no longer than a minute', () => {
    expect([1, 2, 3, 4, 5, 2_000].map(waitMsAfter)).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });
});
