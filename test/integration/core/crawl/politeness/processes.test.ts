import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { spacingOf } from '../../../../../src/core/crawl/sources/politeness.ts';
import { useBundle } from '../../../../support/bundle.ts';
import { useDatabase } from '../../../../support/database.ts';
import { keyWith } from '../../../../unit/core/crawl/sources/permit-model.ts';

const database = useDatabase();
const program = useBundle({ taker: new URL('taker.ts', import.meta.url) });

interface Takers {
  readonly child: ChildProcess;
  readonly grantedUs: number[];
  readonly ended: Promise<unknown>;
}

function startTakers(args: { seconds: number; takers: number; perMinute: number; keys: readonly string[] }): Takers {
  const { seconds, takers, perMinute, keys } = args;
  const numbers = [seconds, takers, perMinute].map(String);
  const child = spawn(process.execPath, [program('taker'), database.url, ...numbers, ...keys], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const grantedUs: number[] = [];
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString()}`.split('\n');
    rest = lines.pop() ?? '';
    grantedUs.push(...lines.map(Number));
  });
  return { child, grantedUs, ended: once(child, 'close') };
}

/** For every n: of n + 1 requests in a row, the last must be at least (n + 1 - burst) intervals after the first. */
function soonest(times: readonly number[], perMinute: number): number {
  const { intervalUs, slackUs } = spacingOf(keyWith({ requestsPerMinute: perMinute }));
  const sorted = times.toSorted((a, b) => a - b);
  const excesses = sorted.flatMap((first, i) =>
    sorted.slice(i + 1).map((last, n) => last - first - ((n + 1) * intervalUs - slackUs)),
  );
  return Math.min(...excesses);
}

describe('permits of two processes with four takers each', () => {
  it.each([
    [590, 3],
    [6000, 2],
  ])('are spaced as for one caller: %i a minute', async (perMinute, seconds) => {
    const keys = [`source:spaced-${perMinute}`, `host:spaced-${perMinute}`];
    const both = [1, 2].map(() => startTakers({ seconds, takers: 4, perMinute, keys }));
    await Promise.all(both.map(({ ended }) => ended));
    expect(both.map(({ child }) => child.exitCode)).toEqual([0, 0]);
    const times = both.flatMap(({ grantedUs }) => grantedUs);
    expect(soonest(times, perMinute)).toBeGreaterThanOrEqual(0);
    expect(times.length).toBeGreaterThan(10);
  });

  it('stay spaced over a kill and a restart', async () => {
    const perMinute = 590;
    const options = { seconds: 2, takers: 4, perMinute, keys: ['source:killed'] };
    const first = startTakers(options);
    const other = startTakers({ ...options, seconds: 5 });
    while (first.grantedUs.length === 0) await sleep(20);
    await sleep(700);
    first.child.kill('SIGKILL');
    await first.ended;
    const again = startTakers(options);
    await Promise.all([other.ended, again.ended]);
    expect([other.child.exitCode, again.child.exitCode]).toEqual([0, 0]);
    expect(again.grantedUs.length).toBeGreaterThan(0);
    const times = [first, other, again].flatMap(({ grantedUs }) => grantedUs);
    expect(soonest(times, perMinute)).toBeGreaterThanOrEqual(0);
  });
});
