import { describe, expect, it } from 'vitest';
import { parseRetryAfterMs } from '../../../../src/core/kernel/retry-after.ts';

/** 90 seconds before the example date of RFC 9110. */
const NOW_MS = Date.UTC(1994, 10, 6, 8, 48, 7);

describe('parseRetryAfterMs', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 90_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 90_000],
    ['Sun Nov  6 08:49:37 1994', 90_000],
    ['sun, 06 nov 1994 08:49:37 gmt', 90_000],
  ])('reads %j, a form that the RFC allows', (header, expected) => {
    expect(parseRetryAfterMs(header, NOW_MS)).toBe(expected);
  });

  it('returns zero for a date in the past', () => {
    expect(parseRetryAfterMs('Sun, 06 Nov 1994 08:00:00 GMT', NOW_MS)).toBe(0);
  });

  it.each([
    undefined,
    '',
    'soon',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    'apples 5',
    '2030 GMT',
    '12-11-2030',
    'Sun, never GMT',
    'Fri, 99 Foo 2026 03:05:05 GMT',
    '2026-01-02',
    'in 5 minutes',
  ])('returns null for %j', (header) => {
    expect(parseRetryAfterMs(header, NOW_MS)).toBeNull();
  });
});
