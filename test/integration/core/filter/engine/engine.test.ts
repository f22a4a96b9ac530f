import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startEngine, type FilterEngine } from '../../../../../src/core/filter/engine/thread-pool.process.ts';
import { EngineTally } from '../../../../../src/core/filter/engine/engine-tally.ts';
import { startEngines } from '../../../../../src/core/filter/run/device-engines.process.ts';
import { isRunning } from '../../../../../src/core/platform/lock/process-identity.ts';
import { decide } from '../../../../../src/core/filter/rule/decide.ts';
import type { Policy } from '../../../../../src/core/filter/rule/policy.ts';
import { noEvidence } from '../../../../../src/core/models/evidence/evidence.ts';
import { toSha256, type Sha256 } from '../../../../../src/core/kernel/ids.ts';
import { openBlobFolder } from '../../../../../src/core/platform/blobs/blob-folder.ts';
import { useBundle } from '../../../../support/bundle.ts';
import { suiteFolder } from '../../../../support/process-tree.ts';
import { essence } from '../../../../unit/core/filter/rule/cases.ts';
import { engineSpec, putBytes, putSamples, taskOf } from './spec.ts';

const PRELOAD = fileURLToPath(new URL('die-in-thread.mjs', import.meta.url));

const folder = suiteFolder();
let blobsDir = '';
let photos: Sha256[] = [];
beforeAll(async () => {
  blobsDir = folder.at('blobs');
  photos = await putSamples(blobsDir, 3);
});

describe('the filter engine', () => {
  let one: FilterEngine;
  let two: FilterEngine;
  beforeAll(async () => {
    one = await startEngine(await engineSpec(blobsDir, { evaluate: 'all' }), 1);
    two = await startEngine(await engineSpec(blobsDir, { evaluate: 'all' }), 2);
  });
  afterAll(async () => {
    await one.close();
    await two.close();
  });

  it('gives the same results to the last bit with any number of threads and any batch size', async () => {
    const tasks = photos.map((sha256, i) => taskOf(sha256, i * 7));
    const together = await one.evaluate(tasks);
    const apart = await Promise.all(tasks.map((task) => two.evaluate([task])));
    expect(apart.flat()).toEqual(together);
    expect(together.map((result) => result.problem)).toEqual(photos.map(() => null));
    const engine = await startEngine(await engineSpec(blobsDir, { cropsPerPass: 1 }), 2);
    onTestFinished(() => engine.close());
    const needed = await engine.evaluate(tasks);
    const policy: Policy = { threshold: 0.15, aggregation: 'max', members: 'any' };
    const verdictsOf = (results: typeof together): unknown[] =>
      results.map((result, i) => essence(decide(result.fresh, i * 7, policy)));
    expect(verdictsOf(needed)).toEqual(verdictsOf(together));
    expect(verdictsOf(needed)).not.toContainEqual(expect.objectContaining({ state: 'undecided' }));
  });

  it('gives the same results in one process per device, and names the device whose process dies', async () => {
    const tasks = photos.slice(0, 2).map((sha256) => taskOf(sha256, 0));
    // The cpu provider takes the number of a device and ignores it.
    const spec = { ...(await engineSpec(blobsDir, { evaluate: 'all' })), devices: [4, 5] };
    const engines = await startEngines(spec, 2, new EngineTally(2));
    onTestFinished(() => engines.close());
    expect(await engines.evaluate(tasks)).toEqual(await one.evaluate(tasks));
    const { stdout } = await promisify(execFile)('pgrep', ['-P', `${process.pid}`, '-f', 'engine-child.mjs']);
    const [first = 0, second = 0, ...others] = stdout.trim().split('\n').map(Number);
    process.kill(first, 'SIGKILL');
    await expect(engines.evaluate(tasks)).rejects.toMatchObject({
      code: 'filter-thread',
      message: expect.stringMatching(/^The process of the filter on device [45] ended: SIGKILL/),
    });
    // It starts no process again.
    engines.requestStop();
    await engines.close();
    expect([others, await isRunning(second)]).toEqual([[], false]);
  });

  it('reports files that are not photos or missing, and evaluates the others', async () => {
    const noise = await putBytes(openBlobFolder(blobsDir), Buffer.from('no photo at all'));
    onTestFinished(() => rm(openBlobFolder(blobsDir).pathOf(noise)));
    const missing = toSha256('f'.repeat(64));
    const results = await one.evaluate([noise, photos[0] ?? noise, missing].map((sha256) => taskOf(sha256, 0)));
    expect(results.map((result) => result.problem)).toEqual([
      { kind: 'undecodable', detail: expect.stringContaining('Expected a JPEG, PNG or WebP photo') },
      null,
      { kind: 'absent', detail: expect.stringContaining('ENOENT') },
    ]);
  });

  it('reports swapped bytes as lost, instead of giving a photo the results of another', async () => {
    const blobs = openBlobFolder(blobsDir);
    const [first = '', other = ''] = photos;
    const right = await readFile(blobs.pathOf(toSha256(first)));
    await copyFile(blobs.pathOf(toSha256(other)), blobs.pathOf(toSha256(first)));
    onTestFinished(() => writeFile(blobs.pathOf(toSha256(first)), right));
    const results = await one.evaluate([toSha256(first), toSha256(other)].map((sha256) => taskOf(sha256, 0)));
    expect(results.map((result) => result.problem)).toEqual([
      { kind: 'absent', detail: expect.stringContaining(`they hash to ${other}`) },
      null,
    ]);
    expect(results[0]?.fresh).toEqual(noEvidence(2));
  });

  it('returns what it has when asked to stop, and begins nothing new', async () => {
    two.requestStop();
    expect(await two.evaluate(photos.map((sha256) => taskOf(sha256, 0)))).toEqual(
      photos.map(() => ({ fresh: noEvidence(2), problem: null })),
    );
  });

  it('refuses batches once closed, and may be closed again', async () => {
    await one.close();
    await expect(one.evaluate([])).rejects.toMatchObject({ name: 'StopTheRun', code: 'engine-closed' });
    await one.close();
  });
});

const program = useBundle({
  'engine-child': new URL('engine-child.ts', import.meta.url),
  'filter-thread': new URL('../../../../../src/core/filter/engine/filter-thread.process.ts', import.meta.url),
});

async function runChild(mode: string, death?: { how: string; when: 'at-start' | 'at-work' }) {
  const preload = death === undefined ? [] : ['--import', PRELOAD];
  const child = spawn(process.execPath, [...preload, program('engine-child'), blobsDir, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, WINNOW_TEST_DIE_HOW: death?.how ?? '', WINNOW_TEST_DIE_WHEN: death?.when ?? '' },
  });
  // A process that hangs is killed here, with a signal that the test sees.
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const exited = once(child, 'exit');
  const said = await text(child.stdout);
  const [code, signal] = await exited;
  clearTimeout(timer);
  return { code, signal, said: said === '' ? null : JSON.parse(said) };
}

describe('a process with a filter engine', () => {
  it('finishes batches in flight when it is closed, refuses those that wait, and ends cleanly', async () => {
    expect(await runChild('close')).toEqual({
      code: 0,
      signal: null,
      said: { ends: ['whole', 'whole', 'whole', 'engine-closed', 'engine-closed'] },
    });
  });

  it('ends its batches early and cleanly when asked to stop', async () => {
    expect(await runChild('stop')).toEqual({
      code: 0,
      signal: null,
      said: { ends: ['part', 'part', 'part', 'engine-closed', 'engine-closed'] },
    });
  });

  it('reports a model with the wrong hash and ends cleanly', async () => {
    expect(await runChild('wrong-model')).toEqual({ code: 0, signal: null, said: { error: 'model-sha256' } });
  });

  it.each(['throw', 'exit-0'])(
    'refuses every batch instead of hanging if its threads die (%s) at work',
    async (how) => {
      const result = await runChild('run', { how, when: 'at-work' });
      expect(result).toEqual({
        code: 0,
        signal: null,
        said: { ends: Array.from({ length: 5 }, () => 'filter-thread') },
      });
    },
  );

  it('does not wait for threads that die before they are ready', async () => {
    expect(await runChild('run', { how: 'exit-0', when: 'at-start' })).toEqual({
      code: 0,
      signal: null,
      said: { error: 'filter-thread' },
    });
  });
});
