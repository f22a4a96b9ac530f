import { describe, expect, it } from 'vitest';
import { HostHealth, type HostProblem } from '../../../../../src/core/crawl/sources/host-health.ts';

const PROBLEM: HostProblem = { reason: 'connect', detail: 'ECONNREFUSED' };
const START_MS = 1_000_000;

/** Simulates a host that never answers and is asked as soon as that is permitted. Returns the times from the first request on. */
function keepAsking(health: HostHealth, host: string, tries: number): number[] {
  let nowMs = START_MS;
  return Array.from({ length: tries }, () => {
    const verdict = health.verdict(host, nowMs);
    if (verdict.kind === 'rest') nowMs = verdict.untilMs;
    health.failed(host, PROBLEM, nowMs);
    return nowMs - START_MS;
  });
}

describe('an unreachable host', () => {
  it('is asked less and less often, but at least every two minutes', () => {
    const at = keepAsking(new HostHealth(300_000), 'a', 9).map((ms) => ms / 1_000);
    expect(at).toEqual([0, 2, 6, 14, 30, 62, 126, 246, 366]);
  });

  it('counts concurrent failures as one try', () => {
    const health = new HostHealth(300_000);
    for (const ms of [0, 10, 1_999]) health.failed('a', PROBLEM, START_MS + ms);
    expect(health.verdict('a', START_MS + 1_999)).toEqual({
      kind: 'rest',
      untilMs: START_MS + 2_000,
      problem: PROBLEM,
    });
    expect(health.verdict('a', START_MS + 2_000)).toEqual({ kind: 'ask' });
  });

  it('is given up after four tries if another host answers, and is asked again from time to time', () => {
    const health = new HostHealth(300_000);
    health.answered('b', START_MS - 1);
    keepAsking(health, 'a', 4);
    expect(health.isGivenUp('a')).toBe(false);
    health.answered('b', START_MS + 14_500);
    expect(health.verdict('a', START_MS + 15_000)).toEqual({ kind: 'given-up', problem: PROBLEM });
    expect(health.verdict('a', START_MS + 30_000)).toEqual({ kind: 'ask' });
    health.answered('a', START_MS + 30_000);
    expect([health.isGivenUp('a'), health.verdict('a', START_MS + 30_001)]).toEqual([false, { kind: 'ask' }]);
  });

  it('is not blamed alone once three hosts fail and none answers', () => {
    const health = new HostHealth(300_000);
    health.answered('d', START_MS);
    for (const host of ['a', 'b']) health.failed(host, PROBLEM, START_MS + 1);
    expect(health.isNetworkSuspect()).toBe(false);
    health.failed('c', PROBLEM, START_MS + 2);
    expect(health.isNetworkSuspect()).toBe(true);
    health.answered('d', START_MS + 3);
    expect(health.isNetworkSuspect()).toBe(false);
  });
});

it('the network counts as gone when no host has answered for five minutes', () => {
  const health = new HostHealth(300_000);
  expect(health.networkGone(START_MS)).toBeNull();
  keepAsking(health, 'a', 8);
  expect(health.networkGone(START_MS + 299_999)).toBeNull();
  expect(health.networkGone(START_MS + 300_000)).toEqual({ host: 'a', ...PROBLEM });
  health.answered('b', START_MS + 300_001);
  expect(health.networkGone(START_MS + 300_002)).toBeNull();
});
