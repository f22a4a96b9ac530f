import { expect, it } from 'vitest';
import { Patience } from '../../../../../src/core/crawl/sources/patience.ts';

it('a source is given up when a request fails long enough after the first failure, without an answer between', () => {
  const patience = new Patience(300_000);
  expect([patience.failed(0), patience.failed(299_999), patience.endMs]).toEqual([false, false, 300_000]);
  patience.answered();
  expect([patience.endMs, patience.failed(400_000), patience.failed(699_999)]).toEqual([null, false, false]);
  expect(patience.failed(700_000)).toBe(true);
  expect([patience.isTooLong(300_000), patience.isTooLong(300_001)]).toEqual([false, true]);
});

it('a source is given up at the first failure with 0, and never with null', () => {
  expect(new Patience(0).failed(5)).toBe(true);
  const endless = new Patience(null);
  expect([endless.failed(0), endless.failed(1e12), endless.isTooLong(1e12), endless.endMs]).toEqual([
    false,
    false,
    false,
    null,
  ]);
});
