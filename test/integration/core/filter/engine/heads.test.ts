import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { suiteFolder } from '../../../../support/process-tree.ts';
import { EngineTally } from '../../../../../src/core/filter/engine/engine-tally.ts';
import { startEngine } from '../../../../../src/core/filter/engine/thread-pool.process.ts';
import { preprocessingOf, specOf } from '../../../../../src/core/models/engine/ensemble.process.ts';
import type { EngineSpec } from '../../../../../src/core/filter/engine/messages.ts';
import type { MemberSpec } from '../../../../../src/core/models/engine/spec.ts';
import { runBackbone, type PhotoOutputs } from '../../../../../src/core/filter/engine/run-backbone.process.ts';
import { loadClassTable } from '../../../../../src/core/collection/class-table.process.ts';
import { cardFor, classesOfCard, type FoundCard } from '../../../../../src/core/collection/cards/model-card.process.ts';
import { decide } from '../../../../../src/core/filter/rule/decide.ts';
import type { Policy } from '../../../../../src/core/filter/rule/policy.ts';
import { toSha256, type Sha256 } from '../../../../../src/core/kernel/ids.ts';
import { essence } from '../../../../unit/core/filter/rule/cases.ts';
import { safetensorsOf } from '../../../../support/safetensors.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { engineSpec, putBytes, putSamples, taskOf } from './spec.ts';
import { openBlobFolder } from '../../../../../src/core/platform/blobs/blob-folder.ts';

const CLASSES = 5;
const FEATURES = 1280;
const ROOT = path.resolve(import.meta.dirname, '../../../../..');

const folder = suiteFolder();
let photos: Sha256[] = [];
beforeAll(async () => {
  photos = await putSamples(folder.at('blobs'), 4);
  await mkdir(folder.at('config', 'local', 'models'), { recursive: true });
});

const layer = {
  weight: {
    shape: [CLASSES, FEATURES],
    values: Float32Array.from({ length: CLASSES * FEATURES }, (_, i) => Math.sin(i)),
  },
  bias: { shape: [CLASSES], values: Float32Array.from({ length: CLASSES }, (_, i) => i / 10) },
};

interface CardChanges {
  readonly backbone?: string;
  readonly bytes?: Buffer;
  readonly sha256?: string;
  readonly extension?: 'safetensors' | 'onnx';
  readonly classes?: readonly string[];
}

/** Writes a card of a head by hand, as a user does. */
async function headCard(
  name: string,
  { backbone = 'efficientnet-lite0', extension = 'safetensors', ...changes }: CardChanges = {},
): Promise<FoundCard> {
  const bytes = changes.bytes ?? safetensorsOf(layer);
  const models = folder.at('config', 'local', 'models');
  const file = `config/local/models/${name}.${extension}`;
  await writeFile(folder.at(file), bytes);
  const { classes = ['one', 'two', 'three', 'four', 'five'] } = changes;
  await writeFile(path.join(models, `${name}.classes.txt`), classes.join('\n'));
  const head = { file, sha256: changes.sha256 ?? sha256Of(bytes), bytes: bytes.length };
  const card = {
    name,
    backbone,
    head,
    licence: 'CC0-1.0',
    source: 'this test',
    classes: `${name}.classes.txt`,
    trained: true,
  };
  await writeFile(path.join(models, `${name}.yaml`), JSON.stringify(card));
  return cardFor(name, folder.at());
}

async function memberOf(card: FoundCard, changes: Partial<MemberSpec['backbone']> = {}): Promise<MemberSpec> {
  const spec = specOf(card, await classesOfCard(card, await loadClassTable()));
  const mask = Array.from({ length: CLASSES }, (_, i) => i);
  return { ...spec, backbone: { ...spec.backbone, ...changes }, mask };
}

async function filtered(members: readonly MemberSpec[], evaluate: EngineSpec['evaluate'] = 'all') {
  const spec = await engineSpec(folder.at('blobs'), { members, evaluate, cropsPerPass: 1 });
  const tally = new EngineTally(1);
  const engine = await startEngine(spec, 1, tally);
  try {
    const results = await engine.evaluate(photos.map((sha256, i) => taskOf(sha256, i % CLASSES)));
    return { results, work: tally.work };
  } finally {
    await engine.close();
  }
}

describe('a head over a backbone', () => {
  it('shares forward passes with another member of the same backbone, and gives the evidence of two members', async () => {
    const members = [await memberOf(await cardFor('efficientnet-lite0')), await memberOf(await headCard('mine'))];
    const together = await filtered(members);
    // A file with another hash keeps the two backbones apart.
    const copy = { format: { layout: 'nchw', type: 'float32' }, ...(await copyOfBackbone()) } as const;
    const apart = await filtered([...members.slice(0, 1), await memberOf(await headCard('mine'), copy)]);
    expect(together.results).toEqual(apart.results);
    expect(together.results.map(({ problem }) => problem)).toEqual(photos.map(() => null));
    expect([together.work.passes, apart.work.passes]).toEqual([40, 80]);
  });

  it('decides each photo, with another head over its backbone, as two members that share nothing do', async () => {
    const first = await memberOf(await headCard('mine'));
    const other = { ...layer, weight: { ...layer.weight, values: layer.weight.values.map((value) => -value) } };
    const card = await headCard('other', { bytes: safetensorsOf(other) });
    const sharing = await filtered([first, await memberOf(card)], 'needed');
    const apart = await filtered([first, await memberOf(card, await copyOfBackbone())], 'needed');
    const policy: Policy = { threshold: 0.15, aggregation: 'max', members: 'any' };
    const decided = ({ results }: typeof sharing): unknown[] =>
      results.map(({ fresh }, i) => essence(decide(fresh, i % CLASSES, policy)));
    expect(decided(sharing)).toEqual(decided(apart));
    const states = new Set(sharing.results.map(({ fresh }, i) => decide(fresh, i % CLASSES, policy).state));
    expect(states).toEqual(new Set(['kept', 'dropped']));
    expect(sharing.work.passes).toBeLessThan(apart.work.passes);
  });

  it('has its hash in the key of its evidence, and a card without a head keeps its key', async () => {
    const table = await loadClassTable();
    const keyOf = async (card: FoundCard): Promise<string> => preprocessingOf(card, await classesOfCard(card, table));
    const card = await headCard('mine');
    expect(card.sha256).toBe((await cardFor('efficientnet-lite0')).sha256);
    expect(await keyOf(card)).toMatch(
      new RegExp(` output:features classes:[0-9a-f]{64} head:${sha256Of(safetensorsOf(layer))}$`),
    );
    expect(await keyOf(await cardFor('efficientnet-lite0'))).toBe(
      'v1 exif white-alpha pillow-bilinear:256 tencrop:224 mean:127,127,127 std:128,128,128',
    );
  });

  it('is refused if its backbone has no features, is itself a head, or is unknown', async () => {
    await headCard('mine');
    for (const [backbone, why] of [
      ['resnet50-structure', "output 'features'"],
      ['mine', "'mine' is a head, too"],
      ['nothing', "'nothing'"],
    ] as const) {
      const error = { code: 'bad-model-card', message: expect.stringContaining(why) };
      await expect(headCard('other', { backbone })).rejects.toMatchObject(error);
    }
  });

  it('is refused on loading if its bytes differ, are truncated, or do not fit', async () => {
    const start = async (card: FoundCard) => filtered([await memberOf(card)]);
    const sha256 = toSha256('0'.repeat(64));
    await expect(start(await headCard('bad', { sha256 }))).rejects.toMatchObject({ code: 'model-sha256' });
    await expect(start(await headCard('bad', { bytes: safetensorsOf(layer).subarray(0, -8) }))).rejects.toMatchObject({
      code: 'head-invalid',
    });
    const narrow = { ...layer, weight: { shape: [CLASSES, 4], values: new Float32Array(CLASSES * 4) } };
    await expect(start(await headCard('bad', { bytes: safetensorsOf(narrow) }))).rejects.toMatchObject({
      code: 'head-invalid',
      message: expect.stringContaining('takes 4 features, but its backbone gives 1280'),
    });
  });
});

describe('a head in an ONNX file', () => {
  const onnx = (name: string): Promise<Buffer> => readFile(path.join(ROOT, 'test/fixtures/onnx', `${name}.onnx`));

  it('gives the logits of its graph, those of the same layer in safetensors', async () => {
    const mine = await memberOf(await headCard('mine', { extension: 'onnx', bytes: await onnx('head-five') }));
    const values = layer.weight.values.map((_, i) => {
      const [row, feature] = [Math.floor(i / FEATURES), i % FEATURES];
      return Math.floor(feature / 256) === row ? 1 / 256 : 0;
    });
    const bias = { ...layer.bias, values: new Float32Array(CLASSES) };
    const bytes = safetensorsOf({ weight: { ...layer.weight, values }, bias });
    const linear = await memberOf(await headCard('linear', { bytes }));
    const { results, work } = await filtered([mine, linear]);
    expect(work.passes).toBe(40);
    for (const { fresh, problem } of results) {
      expect(problem).toBe(null);
      const [ofOnnx = [], ofLinear = []] = fresh;
      expect(ofOnnx.map((crop) => crop?.top1)).toEqual(ofLinear.map((crop) => crop?.top1));
      for (const [i, crop] of ofOnnx.entries())
        for (const [k, logit] of (crop?.logits ?? []).entries())
          expect(logit).toBeCloseTo(ofLinear[i]?.logits?.[k] ?? Number.NaN, 5);
    }
  });

  it('is refused when it is loaded if it is no head, is damaged, or has another number of classes', async () => {
    const start = async (changes: CardChanges) =>
      filtered([await memberOf(await headCard('bad', { extension: 'onnx', ...changes }))]);
    await expect(start({ bytes: await onnx('five-nchw') })).rejects.toMatchObject({
      code: 'head-invalid',
      message: expect.stringContaining('not one of float32 [batch, features] and one of float32 [batch, classes]'),
    });
    const whole = await onnx('head-five');
    await expect(start({ bytes: whole.subarray(0, -20) })).rejects.toMatchObject({ code: 'model-invalid' });
    await expect(start({ bytes: whole, classes: ['one', 'two'] })).rejects.toMatchObject({
      code: 'head-invalid',
      message: expect.stringContaining('it gives 5 values, but its class list has 2'),
    });
  });
});

/** The same network in a file with another hash, so that nothing is shared with it. */
async function copyOfBackbone(): Promise<Pick<MemberSpec['backbone'], 'file' | 'sha256'>> {
  const { path: source } = await cardFor('efficientnet-lite0');
  const file = folder.at('copy.onnx');
  // Repeating the producer's name (field 2 of the model) changes the file's hash and nothing that it computes.
  await copyFile(source, file);
  const bytes = Buffer.concat([await readFile(file), Buffer.from([0x12, 0x01, 0x78])]);
  await writeFile(file, bytes);
  return { file, sha256: sha256Of(bytes) };
}

describe('runBackbone', () => {
  async function outputsOf(card: FoundCard, wanted: readonly Sha256[], signal = new AbortController().signal) {
    const given: PhotoOutputs[] = [];
    const run = runBackbone({
      card,
      outputs: ['logits', 'features', 'featureMap'],
      photos: wanted,
      crops: [4, 0],
      blobs: { kind: 'folder', folder: folder.at('blobs') },
      threads: 1,
      cropsPerPass: 1,
      signal,
    });
    for await (const one of run) given.push(one);
    return given;
  }

  it('gives logits, features and maps that agree with one another, in the order of the photos', async () => {
    const given = await outputsOf(await headCard('mine'), photos);
    expect(given.map(({ sha256 }) => sha256)).toEqual(photos);
    for (const one of given) {
      if (one.problem !== null) throw new Error(one.problem.kind);
      expect(one.crops.map(({ crop }) => crop)).toEqual([4, 0]);
      for (const { logits = [], features = [], featureMap = new Float32Array() } of one.crops) {
        const positions = featureMap.length / FEATURES;
        expect(positions).toBe(49);
        const pooled = featureMap.subarray(0, positions).reduce((sum, value) => sum + value, 0) / positions;
        expect(features[0]).toBeCloseTo(pooled, 4);
        const { weight, bias } = layer;
        const sum = Array.from(features).reduce((total, value, i) => total + value * (weight.values[i] ?? 0), 0);
        expect(logits[0]).toBeCloseTo(sum + (bias.values[0] ?? 0), 4);
      }
    }
  });

  it('reports photos that are lost or cannot be decoded, and runs the others', async () => {
    const blobs = openBlobFolder(folder.at('blobs'));
    const noise = await putBytes(blobs, Buffer.from('no photo at all'));
    onTestFinished(() => rm(blobs.pathOf(noise)));
    const some = [noise, toSha256('f'.repeat(64)), ...photos.slice(0, 1)];
    const given = await outputsOf(await cardFor('efficientnet-lite0'), some);
    expect(given.map(({ problem }) => problem?.kind ?? null)).toEqual(['undecodable', 'absent', null]);
  });

  it('stops at its signal, and refuses outputs that the card does not name', async () => {
    const card = await cardFor('efficientnet-lite0');
    await expect(outputsOf(card, photos, AbortSignal.abort())).rejects.toMatchObject({ name: 'Interrupted' });
    await expect(outputsOf(await cardFor('resnet50-structure'), photos)).rejects.toMatchObject({ code: 'no-output' });
  });
});
