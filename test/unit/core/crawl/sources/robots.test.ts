import { describe, expect, it } from 'vitest';
import type { FailedReason } from '../../../../../src/core/kernel/reasons.ts';
import { NO_VERSION } from '../../../../../src/core/crawl/sources/remote-version.ts';
import { parseRobots } from '../../../../../src/core/crawl/sources/robots-file.ts';
import {
  digestRobots,
  isGivenUp,
  robotsUrlOf,
  robotsVerdict,
  type RobotsAnswer,
  type RobotsLife,
  type StoredRobots,
} from '../../../../../src/core/crawl/sources/robots.ts';

const NOW_MS = Date.parse('2026-03-01T00:00:00Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const URL_OF_PICTURE = 'https://h.example/private/a.jpg';
const UNREACHABLE: RobotsAnswer = { kind: 'unreachable', reason: 'dns' };

function answer(
  status: number,
  options: { body?: string; cacheControl?: string; retryAfterMs?: number } = {},
): RobotsAnswer {
  const body = new TextEncoder().encode(options.body ?? 'User-agent: *\nDisallow: /private');
  const { cacheControl = null, retryAfterMs = null } = options;
  return { kind: 'answered', status, body, cacheControl, retryAfterMs, version: NO_VERSION };
}

/** Returns what is stored after several answers, each `gapMs` after the one before. */
function stored(answers: readonly RobotsAnswer[], gapMs = 0): StoredRobots {
  let life: RobotsLife | undefined;
  let body: string | null = null;
  for (const [i, given] of answers.entries()) {
    const update = digestRobots(life, given, NOW_MS + i * gapMs);
    life = update.life;
    body = update.body ?? body;
  }
  if (life === undefined) throw new Error('Expected an answer at least');
  const rules = body === null ? null : parseRobots(body, 'winnow');
  return { origin: 'https://h.example', rules, life, version: NO_VERSION };
}

const verdictAfter = (given: StoredRobots | undefined, ms: number): string => {
  const verdict = robotsVerdict(given, URL_OF_PICTURE, NOW_MS + ms);
  return verdict.kind === 'wait' ? `wait ${verdict.untilMs - NOW_MS}` : verdict.kind;
};

describe('robotsVerdict', () => {
  it('requires the file before any other request to the host', () => {
    expect(verdictAfter(undefined, 0)).toBe('fetch-first');
  });

  it('keeps a copy that a 304 confirms, and makes it fresh again', () => {
    const unchanged: RobotsAnswer = { kind: 'unchanged', cacheControl: null };
    const twice = stored([answer(200), unchanged], DAY_MS);
    expect([verdictAfter(twice, DAY_MS + 1), verdictAfter(twice, 2 * DAY_MS - 1)]).toEqual(['disallow', 'disallow']);
    expect(verdictAfter(twice, 2 * DAY_MS + 1)).toBe('fetch-first');
    const soon = stored([answer(200), { ...unchanged, cacheControl: 'max-age=3600' }], DAY_MS);
    expect(verdictAfter(soon, DAY_MS + HOUR_MS + 1)).toBe('fetch-first');
    const afterTrouble = stored([answer(200), answer(503), unchanged], DAY_MS);
    expect(verdictAfter(afterTrouble, 2 * DAY_MS + 1)).toBe('disallow');
  });

  it('names the rule that forbids a URL', () => {
    expect(robotsVerdict(stored([answer(200)]), URL_OF_PICTURE, NOW_MS)).toEqual({
      kind: 'disallow',
      rule: 'Disallow: /private',
    });
    expect(robotsVerdict(stored([answer(200)]), 'https://h.example/public', NOW_MS)).toEqual({ kind: 'allow' });
  });

  it.each([200, 203, 204, 206, 299])('obeys the file of a %i', (status) => {
    expect(verdictAfter(stored([answer(status)]), 1)).toBe('disallow');
  });

  it.each([300, 301, 302, 400, 401, 403, 404, 410, 418, 451])(
    'treats a %i (a redirect: after five of them) as a host without a file, whatever it sent',
    (status) => {
      const given = stored([answer(status)]);
      expect([verdictAfter(given, 1), verdictAfter(given, DAY_MS)]).toEqual(['allow', 'fetch-first']);
    },
  );

  it.each([429, 500, 502, 503, 599])('allows nothing after a %i, and asks again later', (status) => {
    const given = stored([answer(status)]);
    expect([verdictAfter(given, 1), verdictAfter(given, MINUTE_MS)]).toEqual([`wait ${MINUTE_MS}`, 'fetch-first']);
  });

  it('allows nothing while a host refuses its file, and asks at growing intervals of up to six hours', () => {
    const refused = answer(503);
    expect(verdictAfter(stored([refused, refused], 5 * MINUTE_MS), 6 * MINUTE_MS)).toBe(`wait ${10 * MINUTE_MS}`);
    const long = stored([refused, refused], 3 * DAY_MS);
    expect(verdictAfter(long, 3 * DAY_MS + 1)).toBe(`wait ${3 * DAY_MS + 6 * HOUR_MS}`);
  });

  it('allows nothing while the host cannot be reached, and asks again soon', () => {
    const given = stored([UNREACHABLE, UNREACHABLE], HOUR_MS);
    expect(verdictAfter(given, HOUR_MS + 1)).toBe(`wait ${HOUR_MS + 5_000}`);
    expect(verdictAfter(given, HOUR_MS + 5_000)).toBe('fetch-first');
  });

  it('waits as long as Retry-After says, up to a day', () => {
    expect(verdictAfter(stored([answer(503, { retryAfterMs: HOUR_MS })]), 1)).toBe(`wait ${HOUR_MS}`);
    expect(verdictAfter(stored([answer(429, { retryAfterMs: 9 * DAY_MS })]), 1)).toBe(`wait ${DAY_MS}`);
  });

  it('uses the old copy while the host cannot be reached', () => {
    const given = stored([answer(200), UNREACHABLE], 25 * HOUR_MS);
    expect(verdictAfter(given, 25 * HOUR_MS + 1)).toBe('disallow');
    expect(verdictAfter(given, 25 * HOUR_MS + 5_000)).toBe('fetch-first');
    const stillGone = stored([answer(200), ...Array.from({ length: 40 }, () => UNREACHABLE)], DAY_MS);
    expect(verdictAfter(stillGone, 40 * DAY_MS + 1)).toBe('disallow');
  });

  it('treats a host that was unreachable for 30 days as one without a file', () => {
    const errors = Array.from({ length: 32 }, () => UNREACHABLE);
    expect(verdictAfter(stored(errors.slice(0, 31), DAY_MS), 30 * DAY_MS)).toBe(`wait ${30 * DAY_MS + 5_000}`);
    expect(verdictAfter(stored(errors, DAY_MS), 31 * DAY_MS)).toBe('allow');
    expect(verdictAfter(stored([...errors, answer(200)], DAY_MS), 32 * DAY_MS)).toBe('disallow');
  });

  it.each([
    [undefined, DAY_MS],
    ['max-age=7200', 2 * HOUR_MS],
    ['public, Max-Age="7200"', 2 * HOUR_MS],
    ['max-age=99999999', DAY_MS],
    ['max-age=0', 10 * MINUTE_MS],
    ['no-store', 10 * MINUTE_MS],
    ['private, no-cache, max-age=9999', 10 * MINUTE_MS],
    ['garbage', DAY_MS],
  ])('relies on a file with Cache-Control %j for %i ms', (cacheControl, freshMs) => {
    const given = stored([answer(200, cacheControl === undefined ? {} : { cacheControl })]);
    expect([verdictAfter(given, freshMs - 1), verdictAfter(given, freshMs)]).toEqual(['disallow', 'fetch-first']);
  });

  it('asks again instead of trusting times from a clock that was ahead', () => {
    expect(verdictAfter(stored([answer(200)]), -2 * DAY_MS)).toBe('fetch-first');
    expect(verdictAfter(stored([UNREACHABLE]), -2 * DAY_MS)).toBe('fetch-first');
    const failing = digestRobots(
      { ...stored([UNREACHABLE]).life, failingSinceMs: NOW_MS + DAY_MS },
      UNREACHABLE,
      NOW_MS,
    );
    expect(failing.life).toMatchObject({ failingSinceMs: NOW_MS, retryMs: NOW_MS + 5_000, failure: 'dns' });
  });
});

describe('isHopeless', () => {
  const refusals = (count: number, gapMs: number): RobotsLife =>
    stored(
      Array.from({ length: count }, () => answer(503)),
      gapMs,
    ).life;

  it('is true for a server that has refused for four minutes and was asked again since', () => {
    expect([refusals(1, 0), refusals(2, 3 * MINUTE_MS), refusals(2, 4 * MINUTE_MS)].map(isGivenUp)).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('is true for a server that asks for a wait of more than an hour', () => {
    const asks = (retryAfterMs: number): RobotsLife => stored([answer(429, { retryAfterMs })]).life;
    expect([asks(HOUR_MS), asks(HOUR_MS + 1)].map(isGivenUp)).toEqual([false, true]);
  });

  it('is true for a lasting failure, but not for a network failure or no failure', () => {
    const life = (reason: FailedReason): RobotsLife => stored([{ kind: 'unreachable', reason }]).life;
    expect((['tls', 'address-refused', 'dns', 'timeout-total'] as const).map(life).map(isGivenUp)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(isGivenUp(stored([answer(503), answer(200)], HOUR_MS).life)).toBe(false);
  });
});

it('robotsUrlOf returns the path at the root of the scheme, host and port', () => {
  expect(robotsUrlOf('http://me:pw@h.example:8080/a/b?c#d')).toBe('http://h.example:8080/robots.txt');
});
