import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { download, type DownloadResult } from '../../../../src/platform/http/download.ts';
import type { HttpClient } from '../../../../src/platform/http/http-client.ts';
import { inspect } from '../../../../src/photo/inspect.process.ts';
import { isReasonOf, startHostileHost, type HostileHost } from '../../../support/hostile-host.ts';
import { goodPhoto, GOOD_PATHS } from '../../../support/photo-server.ts';
import { handlesInUse, LIMITS, openClient } from './support.ts';

const CONNECTIONS = 32;
/** Added to a time limit, for a busy machine. */
const SLACK_MS = 4_000;
/** Measured: 39 MB. All bodies together would be 600 MB and more: 60 MB twice, 200 MB inflated, and one endless body. */
const MAX_GROWTH_BYTES = 150_000_000;

let host: HostileHost;
let client: HttpClient;

beforeAll(async () => {
  host = await startHostileHost();
  client = openClient([host.address]);
});

afterAll(async () => {
  client.close();
  await host.close();
});

interface Outcome {
  readonly path: string;
  readonly result: DownloadResult;
  readonly elapsedMs: number;
}

/** Everything that a host can do, with good photos in between, 32 downloads at once. */
async function downloadAll(): Promise<Outcome[]> {
  const hostile = [...host.cases].filter(([, { tries }]) => tries === 1).map(([path]) => path);
  const paths = GOOD_PATHS.flatMap((path, index) => [path, ...hostile.slice(index, index + 1)]);
  const limit = pLimit(CONNECTIONS);
  const one = async (path: string): Promise<Outcome> => {
    const startedMs = performance.now();
    const result = await download({ url: `${host.origin}${path}` }, LIMITS, { client });
    return { path, result, elapsedMs: performance.now() - startedMs };
  };
  return Promise.all(paths.map((path) => limit(() => one(path))));
}

describe('a hostile host, 32 downloads at once', () => {
  let outcomes: Outcome[];
  let growthBytes: number;
  let handlesBefore: string[];

  beforeAll(async () => {
    handlesBefore = handlesInUse();
    const memory = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const before = memory();
    let most = before;
    const sampling = setInterval(() => (most = Math.max(most, memory())), 20);
    outcomes = await downloadAll();
    clearInterval(sampling);
    growthBytes = most - before;
  });

  it('ends each case with its reason', async () => {
    const wrong: string[] = [];
    for (const { path, result } of outcomes) {
      const expected = host.cases.get(path);
      if (expected === undefined) continue;
      const reason = await reasonOf(result);
      const foundBy = reason === null ? expected.foundBy : result.ok ? 'inspection' : 'request';
      if (isReasonOf(expected, reason) && foundBy === expected.foundBy) continue;
      wrong.push(`${path}: ${reason} by ${foundBy}, not ${expected.reason} by ${expected.foundBy}`);
    }
    expect(wrong).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(GOOD_PATHS.length + 50);
  });

  it('delivers every good photo, byte for byte', () => {
    const good = outcomes.filter(({ path }) => GOOD_PATHS.includes(path));
    expect(good).toHaveLength(GOOD_PATHS.length);
    for (const { path, result } of good) {
      const bytes = goodPhoto(path);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      expect(result).toMatchObject({ ok: true, sha256, receivedBytes: bytes.length });
      expect(result.ok && result.bytes.equals(bytes)).toBe(true);
    }
  });

  it('takes no longer than the time limit for any download', () => {
    const slow = outcomes.filter(({ elapsedMs }) => elapsedMs > LIMITS.totalTimeoutMs + SLACK_MS);
    expect(slow.map(({ path }) => path)).toEqual([]);
  });

  it('holds no more than a few bodies in memory', () => {
    expect(growthBytes).toBeLessThan(MAX_GROWTH_BYTES);
  });

  it('does not contact refused addresses, and sends no unnecessary requests', () => {
    expect(host.log.filter(({ path }) => path.startsWith('/latest'))).toEqual([]);
    expect(host.log.filter(({ path }) => path === '/never-answers')).toHaveLength(1);
    expect(host.log.filter(({ path }) => path.startsWith('/chain/'))).toHaveLength(LIMITS.maxRedirects);
  });

  it('leaves no socket and no timer behind', async () => {
    client.close();
    await expect.poll(() => host.connections()).toBe(0);
    await expect.poll(() => handlesInUse().length).toBeLessThanOrEqual(handlesBefore.length);
  });
});

describe('a temporary refusal', () => {
  it.each([
    ['/limited-seconds-once', 'rate-limited', 2_000],
    ['/limited-date-once', 'rate-limited', 2_000],
    ['/unavailable-once', 'http-5xx', 0],
  ])('of %s is %s at first and a photo then', async (path, reason, waitMs) => {
    const fresh = openClient([host.address]);
    const ask = (): Promise<DownloadResult> => download({ url: `${host.origin}${path}` }, LIMITS, { client: fresh });
    const first = await ask();
    expect(first).toMatchObject({ ok: false, reason });
    // A date has no milliseconds, and some of them have passed.
    expect(first.ok ? null : (first.retryAfterMs ?? 0)).toSatisfy((ms: number) => ms <= waitMs && ms >= 0);
    expect(await ask()).toMatchObject({ ok: true });
    fresh.close();
  });
});

async function reasonOf(result: DownloadResult): Promise<string | null> {
  if (!result.ok) return result.reason;
  const inspection = await inspect(result.bytes, {
    maxPixels: 178_956_970,
    minSidePixels: 1,
    maxAspectRatio: 100,
  });
  return inspection.ok ? null : inspection.reason;
}
