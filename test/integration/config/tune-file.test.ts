import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineOfTune, readTune, writeTune, type Tune } from '../../../src/app/tune/tune-file.ts';
import { describeConfig, loadConfig } from '../../../src/config/load-config.ts';

let data: string;
beforeEach(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'winnow-tune-'));
});
afterEach(() => rm(data, { recursive: true, force: true }));

const tune = (changes: Partial<Tune> = {}): Tune => ({
  measuredAt: '2026-11-25T12:00:00.000Z',
  ...machineOfTune(),
  models: ['efficientnet-lite0', 'efficientnet-lite1'],
  settings: { 'filter.threads': 3, 'filter.batchCrops': 5 },
  ...changes,
});

describe('tuned settings', () => {
  it('replace defaults, but no value that the user gives', async () => {
    await writeTune(path.join(data, 'new'), tune());
    expect(await readdir(path.join(data, 'new'))).toEqual(['tune.json']);
    const { layer, problem } = await readTune(path.join(data, 'new'));
    expect(problem).toBeNull();
    const loaded = await loadConfig({ env: {}, tuned: layer, argvSettings: [['filter.batchCrops', '7']] });
    expect(loaded.config.filter).toMatchObject({ threads: 3, batchCrops: 7 });
    const rowOf = (name: string) => describeConfig(loaded).find((row) => row.name === name);
    expect(rowOf('filter.threads')?.origin).toMatch(/^tuned .*tune\.json \(2026-11-25, efficientnet-lite0 \+ /);
    expect(rowOf('filter.batchCrops')?.origin).toBe('flag --set');
  });

  it.each([
    ['processors', { processors: 1_000 }, 'it was measured with 1000 processors, here are '],
    ['ONNX Runtime', { onnxRuntime: '0.9.0' }, 'it was measured with ONNX Runtime 0.9.0, here is '],
  ])('of other %s are not used, and say so', async (_what, changes, why) => {
    await writeTune(data, tune(changes));
    const { layer, problem } = await readTune(data);
    expect([...layer]).toEqual([]);
    expect(problem).toContain(why);
  });

  it('are ignored with a warning if their file is damaged', async () => {
    const file = await writeTune(data, tune());
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 40));
    expect(await readTune(data)).toEqual({
      layer: new Map(),
      problem: expect.stringContaining('`winnow doctor --tune` did not write it'),
    });
  });

  it('may be absent, without a warning', async () => {
    expect(await readTune(path.join(data, 'nothing'))).toEqual({ layer: new Map(), problem: null });
  });
});
