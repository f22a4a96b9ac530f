import { describe, expect, it } from 'vitest';
import { NO_VERSION } from '../../../../../src/core/crawl/sources/remote-version.ts';
import { claimRobots, readRobots, storeRobots } from '../../../../../src/core/crawl/sources/robots.repository.ts';
import {
  digestRobots,
  robotsVerdict,
  type RobotsAnswer,
  type RobotsVerdict,
} from '../../../../../src/core/crawl/sources/robots.ts';
import { useDatabase } from '../../../../support/database.ts';

const database = useDatabase();
const NOW_MS = Date.parse('2026-03-01T00:00:00Z');
const LEASE_MS = 60_000;
const DAY_MS = 24 * 3_600_000;

const answer = (status: number, body = ''): RobotsAnswer => ({
  kind: 'answered',
  status,
  body: new TextEncoder().encode(body),
  cacheControl: null,
  retryAfterMs: null,
  version: NO_VERSION,
});

const claim = (origin: string, afterMs: number, checkedMs = 0): Promise<boolean> =>
  claimRobots(database.db, { origin, checkedMs, nowMs: NOW_MS + afterMs, leaseMs: LEASE_MS });

async function store(origin: string, given: RobotsAnswer, afterMs: number): Promise<void> {
  const before = await readRobots(database.db, origin, 'winnow');
  await storeRobots(database.db, origin, digestRobots(before?.life, given, NOW_MS + afterMs));
}

async function verdict(origin: string, path: string, afterMs: number): Promise<RobotsVerdict['kind']> {
  return robotsVerdict(await readRobots(database.db, origin, 'winnow'), origin + path, NOW_MS + afterMs).kind;
}

describe('robots.txt in the database', () => {
  it('is fetched by one of many workers and read by all', async () => {
    const origin = 'https://shared.example';
    expect(await verdict(origin, '/a', 0)).toBe('fetch-first');
    const claims = await Promise.all(Array.from({ length: 8 }, async () => claim(origin, 0)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await verdict(origin, '/a', 1)).toBe('fetch-first');
    await store(origin, answer(200, 'User-agent: winnow\nDisallow: /a'), 2);
    expect([await verdict(origin, '/a', 3), await verdict(origin, '/b', 3)]).toEqual(['disallow', 'allow']);
  });

  it('is not fetched again by a worker that came too late, but is when it has expired', async () => {
    const origin = 'https://overtaken.example';
    expect(await claim(origin, 0)).toBe(true);
    await store(origin, answer(404), 1);
    expect(await claim(origin, 2)).toBe(false);
    const known = await readRobots(database.db, origin, 'winnow');
    expect(await verdict(origin, '/a', DAY_MS + 2)).toBe('fetch-first');
    expect(await claim(origin, DAY_MS + 2, known?.life.checkedMs)).toBe(true);
  });

  it('can be claimed again if the fetching worker dies, and after a clock was corrected', async () => {
    const origin = 'https://died.example';
    expect([await claim(origin, 0), await claim(origin, LEASE_MS - 1)]).toEqual([true, false]);
    expect(await claim(origin, LEASE_MS)).toBe(true);
    expect(await claim(origin, -DAY_MS)).toBe(true);
  });

  it('keeps the old copy through errors, and replaces it afterwards', async () => {
    const origin = 'https://failing.example';
    await store(origin, answer(200, 'User-agent: *\nDisallow: /a'), 0);
    await store(origin, answer(503), DAY_MS);
    await store(origin, { kind: 'unreachable', reason: 'dns' }, 3 * DAY_MS);
    expect([await verdict(origin, '/a', 3 * DAY_MS), await verdict(origin, '/b', 3 * DAY_MS)]).toEqual([
      'disallow',
      'allow',
    ]);
    await store(origin, answer(404), 4 * DAY_MS);
    expect(await verdict(origin, '/a', 4 * DAY_MS)).toBe('allow');
  });

  it('waits for a host that never answered', async () => {
    const origin = 'https://gone.example';
    await store(origin, { kind: 'unreachable', reason: 'dns' }, 0);
    expect([await verdict(origin, '/a', 1), await verdict(origin, '/a', 5_000)]).toEqual(['wait', 'fetch-first']);
  });

  it('stores a file with any bytes', async () => {
    const origin = 'https://bytes.example';
    const body = Uint8Array.from({ length: 600_000 }, (_, i) => i % 256);
    await store(
      origin,
      { kind: 'answered', status: 200, body, cacheControl: null, retryAfterMs: null, version: NO_VERSION },
      0,
    );
    expect(await verdict(origin, '/a', 1)).toBe('allow');
  });
});
