import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import type { Funnel } from '../../src/core/kernel/funnel.ts';
import { makeCopies } from '../support/copies.ts';
import { untilDecided } from '../support/decided.ts';
import {
  endAfterKill,
  killAllOn,
  killServerOn,
  peakMemoryBytes,
  processesOn,
  suiteFolder,
} from '../support/process-tree.ts';
import { namesFrom, numberFrom, seconds } from '../support/sizing.ts';
import { seededRandom } from '../support/random.ts';
import { jsonLines, startWinnow, winnow, type CommandResult, type RunningCommand } from '../support/winnow.ts';
import { ONE_MODEL } from '../support/one-model.ts';
import { expectFunnelAddsUp } from './funnel-sums.ts';

/**
 * WINNOW_TEST_COPIES=10000 WINNOW_TEST_KILLS=10 is the long version; WINNOW_TEST_SEED repeats the moments of a run, and
 * WINNOW_TEST_WNIDS names the classes whose samples are copied (photos that are kept take ten times as long as others).
 */
const COPIES = numberFrom('WINNOW_TEST_COPIES', 24);
const KILLS = numberFrom('WINNOW_TEST_KILLS', 2);
const WNIDS = namesFrom('WINNOW_TEST_WNIDS');
const SEED = numberFrom('WINNOW_TEST_SEED', Date.now() % 1_000_000);
const TIMEOUT_MS = 200_000 + COPIES * 1_000;
/** With few copies small batches and two threads: the first decision is stored while most photos still wait. */
const env: Record<string, string> =
  COPIES < 1_000 ? { WINNOW_FILTER_BATCH_PHOTOS: '4', WINNOW_FILTER_THREADS: '2' } : {};

const folder = suiteFolder();
const random = seededRandom(SEED).next;

function command(name: string, data: string, ...args: string[]): string[] {
  return [name, '--collection', ONE_MODEL, '--data', folder.at(data), ...args];
}

function start(name: string, data: string, ...args: string[]): RunningCommand {
  return startWinnow(command(name, data, ...args), { timeoutMs: TIMEOUT_MS, env });
}

async function done(name: string, data: string, ...args: string[]): Promise<CommandResult> {
  const result = await winnow(command(name, data, ...args), { timeoutMs: TIMEOUT_MS, env });
  expect([name, result.code, result.code === 0 ? '' : result.stderr]).toEqual([name, 0, '']);
  return result;
}

async function funnelOf(data: string): Promise<Funnel> {
  return JSON.parse((await done('status', data, '--json')).stdout) as Funnel;
}

/** A stopped data folder can be copied like any folder: the tests start from one that is crawled. */
async function crawledCopy(name: string): Promise<string> {
  await promisify(execFile)('cp', ['-a', folder.at('crawled'), folder.at(name)]);
  return name;
}

/** Results that must not depend on how the work was interrupted. */
async function decisionsOf(data: string): Promise<string[]> {
  const { stdout } = await done('decisions', data, '--json');
  return jsonLines<DecisionLine>(stdout).map(({ sha256, wnid, state, confusion, candidates }) =>
    JSON.stringify({ sha256, wnid, state, confusion, candidates }),
  );
}

const shortlistOf = async (data: string): Promise<string> => (await done('shortlist', data, '--json')).stdout;

async function expectUndisturbed(data: string): Promise<void> {
  const decisions = await decisionsOf(data);
  expect(decisions).toHaveLength(COPIES);
  expect(new Set(decisions).size).toBe(COPIES);
  expect(decisions.filter((line) => line.includes('"state":"failed"'))).toEqual([]);
  expect(decisions).toEqual(undisturbed);
}

async function expectNothingBroken(data: string): Promise<void> {
  const findings = JSON.parse((await done('doctor', data, '--deep', '--json')).stdout) as { ok: boolean }[];
  expect(findings.filter(({ ok }) => !ok)).toEqual([]);
  await expect(readdir(folder.at(data, 'blobs', 'unfinished'))).rejects.toMatchObject({ code: 'ENOENT' });
}

let undisturbed: string[] = [];
let undisturbedMs = 0;

beforeAll(async () => {
  await makeCopies(folder.at('photos'), COPIES, WNIDS === undefined ? {} : { wnids: WNIDS });
  const startedMs = performance.now();
  await done('crawl', 'crawled', '--from', folder.at('photos'));
  await crawledCopy('undisturbed');
  const filter = start('filter', 'undisturbed');
  const peakBytes = await peakMemoryOf(filter);
  undisturbedMs = performance.now() - startedMs;
  console.log(
    `${COPIES} copies undisturbed: ${seconds(undisturbedMs)}; peak memory of the filter ${megabytes(peakBytes)}; seed ${SEED}`,
  );
  undisturbed = await decisionsOf('undisturbed');
}, TIMEOUT_MS);

describe('a command that is killed', { timeout: TIMEOUT_MS * 2 }, () => {
  it('loses nothing, repeats nothing and condemns nothing, at whatever moments it is killed', async () => {
    const moments: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const run = start('run', 'killed', '--from', folder.at('photos'));
      const delayMs = (undisturbedMs / (KILLS + 1)) * (0.2 + random());
      await Promise.race([sleep(delayMs), run.result]);
      run.killGroup('SIGKILL');
      const { signal } = await run.result;
      // The last time everything goes, the server too, as when a machine runs out of memory.
      if (kill === KILLS - 1) await killAllOn(folder.at('killed'));
      moments.push(`${seconds(delayMs)}${signal === null ? ' (had ended)' : ''}`);
    }
    console.log(`killed after ${moments.join(', ')}`);
    await done('run', 'killed', '--from', folder.at('photos'));
    await expectUndisturbed('killed');
    expect(await shortlistOf('killed')).toBe(await shortlistOf('undisturbed'));
    await expectNothingBroken('killed');
    const funnel = await funnelOf('killed');
    expectFunnelAddsUp(funnel);
    expect(funnel.totals).toMatchObject({ found: COPIES, fetched: COPIES, waiting: 0, duplicates: 0 });
  });
});

describe('a filter that is asked to end', { timeout: TIMEOUT_MS }, () => {
  it('finishes the jobs in flight, prints the remaining work and exits 130, or ends at once if pressed twice, and resumes when run again', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      // Each signal gets a fresh copy. After one signal, all photos that are left may be in flight at the next one.
      const filtered = await crawledCopy(`ended-by-${signal}`);
      const filter = start('filter', filtered);
      await untilDecided(folder.at(filtered), 0, TIMEOUT_MS);
      filter.killGroup(signal);
      const { code, stderr } = await filter.result;
      expect([signal, code, stderr]).toEqual([signal, 130, expect.stringMatching(/left: \d+ photos? to decide; run/)]);
      expect(await processesOn(folder.at(filtered))).toEqual([]);
    }
    const data = 'ended-by-SIGTERM';
    expect(await pressCtrlC(data, 2)).toEqual({ code: 130, signal: null });
    expect([
      { code: 130, signal: null },
      { code: null, signal: 'SIGKILL' },
    ]).toContainEqual(await pressCtrlC(data, 3));
    await done('filter', data);
    await expectUndisturbed(data);
    await expectNothingBroken(data);
  });
});

describe('a filter whose PostgreSQL server is killed', { timeout: TIMEOUT_MS }, () => {
  it('says so and ends, or goes on if the server is started again in time, and loses nothing', async () => {
    const data = await crawledCopy('server-killed');
    const filter = start('filter', data);
    expect(await untilDecided(folder.at(data), 0, TIMEOUT_MS)).toBeLessThan(COPIES);
    await killServerOn(folder.at(data));
    expect(['went on', 'told']).toContain(endAfterKill(await filter.result));
    await done('filter', data);
    await expectUndisturbed(data);
    await expectNothingBroken(data);
  });
});

async function pressCtrlC(data: string, presses: number): Promise<Pick<CommandResult, 'code' | 'signal'>> {
  const filter = startWinnow(command('filter', data), { env: { ...env, WINNOW_LOG_LEVEL: 'debug' } });
  await untilStderr(filter, /attached to the embedded/);
  for (let press = 0; press < presses; press += 1) {
    filter.killGroup('SIGINT');
    // Signals that come together are one to the kernel.
    await sleep(50);
  }
  const { code, signal } = await filter.result;
  return { code, signal };
}

async function untilStderr({ child }: RunningCommand, pattern: RegExp): Promise<void> {
  let text = '';
  child.stderr?.on('data', (piece: string) => (text += piece));
  while (!pattern.test(text)) await once(child.stderr ?? child, 'data');
}

async function peakMemoryOf({ child, result }: RunningCommand): Promise<number> {
  let peakBytes = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peakBytes = Math.max(peakBytes, (await peakMemoryBytes(child.pid ?? 0)) ?? 0);
    await sleep(200);
  }
  await result;
  return peakBytes;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
