import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import { makeCopies } from '../support/copies.ts';
import { inOutput } from '../support/in-output.ts';
import { ONE_MODEL } from '../support/one-model.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { untilDecided } from '../support/decided.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';
import { jsonLines, startWinnow, startWorker, winnow, type RunningCommand } from '../support/winnow.ts';

const PHOTOS = 16;
const TIMEOUT_MS = 240_000;
/** With small batches the first decisions are stored while most photos still wait. */
const env = { WINNOW_FILTER_BATCH_PHOTOS: '2', WINNOW_FILTER_THREADS: '1' };

const folder = suiteFolder();
let [strict, lax, data] = ['', '', ''];
/** The working folder of a machine without any collection file. */
let bare = '';
const started: RunningCommand[] = [];
useSharedServer();

beforeAll(async () => {
  [strict, lax] = [folder.at('strict', 'one-model.yaml'), folder.at('lax', 'one-model.yaml')];
  [bare, data] = [folder.at('bare'), folder.at('data')];
  const yaml = await readFile(ONE_MODEL, 'utf8');
  for (const [file, threshold] of [
    [strict, '0.15'],
    [lax, '0.4'],
  ] as const) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, yaml.replace('threshold: 0.15', `threshold: ${threshold}`));
  }
  await mkdir(bare, { recursive: true });
  await makeCopies(folder.at('photos'), PHOTOS);
  await catalogueOf(data);
  await winnow(['crawl', '--collection', strict, '--data', data, '--from', folder.at('photos')]);
});

afterAll(async () => {
  for (const command of started) command.killGroup('SIGKILL');
  await Promise.all(started.map(({ result }) => result));
});

function worker(collection: string): RunningCommand {
  const command = startWorker('filter', ['--collection', collection, '--data', data], {
    cwd: bare,
    env,
    timeoutMs: TIMEOUT_MS,
  });
  started.push(command);
  return command;
}

async function decisions(): Promise<Map<string, string>> {
  const { stdout } = await winnow(['decisions', '--collection', 'one-model', '--data', data, '--json'], { cwd: bare });
  return new Map(jsonLines<DecisionLine>(stdout).map(({ sha256, state }) => [sha256, state]));
}

describe('three workers on one catalogue, two with its rules and one with others', { timeout: TIMEOUT_MS }, () => {
  it('decide under one set of rules: the third is refused, and a killed one is replaced by the second', async () => {
    const paused = await winnow(['pause', 'filter', '--collection', strict, '--data', data]);
    expect(paused.code).toBe(0);
    const [first, second] = [worker(strict), worker('one-model')];
    // Both are listened to from the start: either may be ready first.
    await Promise.all([first, second].map(({ child }) => inOutput({ stdout: child.stderr }, /(worker is ready)/)));
    const third = await worker(lax).result;
    console.log(third.stderr);
    expect([third.code, third.stderr]).toEqual([
      2,
      expect.stringMatching(
        /rules-differ: [^]*policy\.threshold: 0\.15 in the catalogue, 0\.4 here\\n0 decisions would be open again/,
      ),
    ]);
    expect((await winnow(['unpause', 'filter', '--collection', strict, '--data', data])).code).toBe(0);
    await untilDecided(data, 3, TIMEOUT_MS);
    first.killGroup('SIGKILL');
    await first.result;
    const filter = ['filter', '--collection', lax, '--data', data];
    const refused = await startWinnow(filter, { env }).result;
    console.log(refused.stderr);
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/\d+ decisions would be open again[^]*At work now: winnow filter-worker \d+/),
    ]);
    await untilDecided(data, PHOTOS - 1, TIMEOUT_MS);
    second.killGroup('SIGTERM');
    expect((await second.result).code).toBe(0);
    const before = await decisions();
    expect([before.size, [...before.values()].includes('undecided')]).toEqual([PHOTOS, false]);
    const changed = await winnow(filter, { env });
    console.log(changed.stderr);
    expect([changed.code, changed.stderr]).toEqual([0, expect.stringContaining(`${PHOTOS} decisions are open again`)]);
    const after = await decisions();
    expect([...after.values()]).not.toContain('undecided');
    const kept = (all: Map<string, string>): string[] =>
      [...all].filter(([, state]) => state === 'kept').map(([sha]) => sha);
    expect(kept(after)).toEqual(expect.arrayContaining(kept(before)));
    const late = await worker(strict).result;
    expect([late.code, late.stderr]).toEqual([2, expect.stringContaining(`${PHOTOS} decisions would be open again`)]);
  });
});
