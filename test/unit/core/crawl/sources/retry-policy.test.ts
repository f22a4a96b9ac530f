import { describe, expect, it } from 'vitest';
import { DROPPED_REASONS, FAILED_REASONS } from '../../../../../src/core/kernel/reasons.ts';
import {
  isTransient,
  MAX_RETRY_AFTER_MS,
  PASSING_REASONS,
  retryDelayMs,
  type FailedTry,
} from '../../../../../src/core/crawl/sources/retry-policy.ts';

const TRY: FailedTry = { reason: 'reset', status: null, attempt: 1, maxAttempts: 4, retryAfterMs: null, random: 0.5 };
const delay = (changes: Partial<FailedTry>): number | null => retryDelayMs({ ...TRY, ...changes });

describe('isTransient', () => {
  it('is true for failures that may pass, and for no others of the closed lists', () => {
    const transient = [...DROPPED_REASONS, ...FAILED_REASONS].filter((reason) => isTransient({ reason, status: null }));
    expect(transient.toSorted()).toEqual(
      [
        'timeout-total',
        'timeout-first-byte',
        'too-slow',
        'reset',
        'short-body',
        'dns',
        'connect',
        'http-5xx',
        'rate-limited',
      ].toSorted(),
    );
  });

  it.each([
    ['http-4xx', 403, false],
    ['http-4xx', 408, true],
    ['http-4xx', 425, true],
    ['http-5xx', 500, true],
    ['http-5xx', 501, false],
    ['http-5xx', 503, true],
    ['http-5xx', 505, false],
  ] as const)('of %s with status %d is %j', (reason, status, expected) => {
    expect(isTransient({ reason, status })).toBe(expected);
  });
});

describe('retryDelayMs', () => {
  it('doubles the range of the pause with each try, and uses the whole range', () => {
    const top = [1, 2, 3].map((attempt) => delay({ attempt, random: 0.999_999 }));
    expect(top).toEqual([2_000, 4_000, 8_000]);
    expect([1, 2, 3].map((attempt) => delay({ attempt, random: 0 }))).toEqual([0, 0, 0]);
  });

  it(`gives up after ${TRY.maxAttempts} tries`, () => {
    expect(delay({ attempt: TRY.maxAttempts - 1 })).toBe(4_000);
    expect(delay({ attempt: TRY.maxAttempts })).toBeNull();
    expect(delay({ attempt: 1_000 })).toBeNull();
  });

  it.each([
    'http-404',
    'address-refused',
    'scheme-refused',
    'too-large',
    'not-an-image',
    'tls',
    'robots-disallowed',
  ] as const)('never tries %s again, whatever the host asks for', (reason) => {
    expect(delay({ reason, retryAfterMs: 1_000 })).toBeNull();
  });

  it('waits at least half a minute for a host that limits us without saying for how long', () => {
    expect(delay({ reason: 'rate-limited', status: 429, random: 0 })).toBe(30_000);
    expect(delay({ reason: 'rate-limited', status: 429, random: 0.999_999, attempt: 3 })).toBe(150_000);
  });

  it('never ends before Retry-After, and spreads the retries', () => {
    expect(delay({ reason: 'rate-limited', status: 429, retryAfterMs: 90_000, random: 0 })).toBe(90_000);
    expect(delay({ reason: 'rate-limited', status: 429, retryAfterMs: 90_000, random: 0.5 })).toBe(105_000);
    expect(delay({ reason: 'http-5xx', status: 503, retryAfterMs: 0, random: 0 })).toBe(0);
  });

  it('gives up if the host asks for more than an hour', () => {
    expect(delay({ reason: 'rate-limited', retryAfterMs: MAX_RETRY_AFTER_MS, random: 0 })).toBe(MAX_RETRY_AFTER_MS);
    expect(delay({ reason: 'rate-limited', retryAfterMs: MAX_RETRY_AFTER_MS + 1 })).toBeNull();
    expect(delay({ reason: 'rate-limited', retryAfterMs: Number.POSITIVE_INFINITY })).toBeNull();
  });
});

it('PASSING_REASONS contains problems of hosts, networks and certificates, but not missing pages', () => {
  const passing = FAILED_REASONS.filter((reason) => PASSING_REASONS.has(reason));
  expect(passing).toEqual(
    expect.arrayContaining(['timeout-total', 'reset', 'dns', 'connect', 'tls', 'http-5xx', 'rate-limited']),
  );
  expect(passing.filter((reason) => /http-4|unreadable|refused|too-large/.test(reason))).toEqual([]);
  expect(passing).toHaveLength(PASSING_REASONS.size);
});
