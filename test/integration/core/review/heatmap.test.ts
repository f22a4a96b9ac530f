import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { beforeAll, describe, expect, it } from 'vitest';
import { runBackbone } from '../../../../src/core/filter/engine/run-backbone.process.ts';
import { activationHead } from '../../../../src/core/review/heatmap/compute-heatmaps.process.ts';
import { heatmapValues, type WantedValues } from '../../../../src/core/review/heatmap/heatmaps.process.ts';
import { loadClassTable } from '../../../../src/core/collection/class-table.process.ts';
import { cardFor, classesOfCard } from '../../../../src/core/collection/cards/model-card.process.ts';
import type { Sha256 } from '../../../../src/core/kernel/ids.ts';
import { openBlobFolder } from '../../../../src/core/platform/blobs/blob-folder.ts';
import { linearRowOf } from '../../../../src/core/platform/onnx/head.ts';
import { classActivation } from '../../../../src/core/review/heatmap/heatmap.ts';
import { putBytes, putSamples } from '../filter/engine/spec.ts';
import { suiteFolder } from '../../../support/process-tree.ts';
import { repositoryRoot } from '../../../support/winnow.ts';

const LION = path.join(repositoryRoot, 'test/fixtures/samples/photos/n02129165/lion-lying.jpg');
const LION_ROW = 291;
const PHOTOS = 8;
const { signal } = new AbortController();

const dataFolder = suiteFolder();
let lion: Sha256;
let photos: readonly Sha256[] = [];
beforeAll(async () => {
  photos = await putSamples(dataFolder.at('blobs'), PHOTOS);
  lion = await putBytes(openBlobFolder(dataFolder.at('blobs')), await readFile(LION));
});

function app() {
  const folder = dataFolder.at('blobs');
  const log = pino({ level: 'silent' });
  const blobPlace = { kind: 'folder', folder } as const;
  return { dataDir: dataFolder.at(), blobs: openBlobFolder(folder), blobPlace, log };
}

async function wanted(changes: Partial<WantedValues> = {}): Promise<WantedValues> {
  const card = await cardFor('efficientnet-lite0');
  return { card, classes: await classesOfCard(card, await loadClassTable()), row: LION_ROW, sha256: lion, ...changes };
}

async function cached(): Promise<string[]> {
  const folder = dataFolder.at('thumbnails');
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names.filter((name) => name.endsWith('.json')).map((name) => path.join(folder, name));
}

describe('class activation of the bundled models', () => {
  it.each([
    ['efficientnet-lite0', 7],
    ['efficientnet-lite1', 8],
    ['efficientnet-lite2', 9],
  ])(
    'of %s comes to the logit, within 1e-3, for several photos and the first and last of the classes',
    async (model, side) => {
      const card = await cardFor(model);
      const head = await readFile((await activationHead(card)) ?? '');
      const layers = [0, 9, 291, 500, 777, 999].flatMap((row) => {
        const layer = linearRowOf(head, row);
        return layer === null ? [] : [{ row, layer }];
      });
      expect([layers.length, linearRowOf(head, 1_000)]).toEqual([6, null]);
      const run = runBackbone({
        card,
        outputs: ['logits', 'featureMap'],
        photos,
        crops: [4],
        blobs: app().blobPlace,
        threads: 1,
        cropsPerPass: 2,
        signal,
      });
      const errors: number[] = [];
      for await (const given of run) {
        if (given.problem !== null) throw new Error(JSON.stringify(given.problem));
        const [{ logits, featureMap } = {}] = given.crops;
        for (const { row, layer } of layers) {
          const logit = logits?.[row] ?? Number.NaN;
          const map = classActivation(featureMap ?? new Float32Array(), layer, logit);
          if (map?.rows !== side || map.columns !== side) throw new Error(`Expected a map for class ${row}`);
          const mean = map.values.reduce((sum, value) => sum + value, 0) / side ** 2;
          errors.push(Math.abs(mean + map.bias - logit));
        }
      }
      expect(errors).toHaveLength(PHOTOS * layers.length);
      expect(Math.max(...errors)).toBeLessThan(1e-3);
    },
  );
});

describe('a heatmap', () => {
  it('is computed once, and again if its file in the cache was cut', async () => {
    const made = await heatmapValues(app(), await wanted(), signal);
    expect(made).toMatchObject({ kind: 'class-activation', rows: 7, columns: 7 });
    const [file = '', ...others] = await cached();
    expect(others).toEqual([]);
    await writeFile(file, JSON.stringify({ ...made, logit: 42 }));
    expect(await heatmapValues(app(), await wanted(), signal)).toMatchObject({ logit: 42 });
    await truncate(file, 20);
    expect(await heatmapValues(app(), await wanted(), signal)).toEqual(made);
  });

  it('is an occlusion if the model names no feature map: hiding the lion lowers its logit', async () => {
    const { card } = await wanted();
    const heatmap = await heatmapValues(
      app(),
      await wanted({ card: { ...card, outputs: { logits: 'logits' } } }),
      signal,
    );
    const exact = await heatmapValues(app(), await wanted(), signal);
    expect(heatmap).toMatchObject({ kind: 'occlusion', rows: 7, columns: 7, bias: 0 });
    expect(heatmap.logit).toBeCloseTo(exact.logit, 4);
    expect(heatmap.values).toHaveLength(49);
    const [most, least] = [Math.max(...heatmap.values), Math.min(...heatmap.values)];
    expect(most).toBeGreaterThan(0.5);
    expect(least).toBeLessThan(most / 2);
  });

  it('of a photo without bytes says so', async () => {
    const { sha256 } = await wanted({ sha256: 'f'.repeat(64) as Sha256 });
    await expect(heatmapValues(app(), await wanted({ sha256 }), signal)).rejects.toMatchObject({ code: 'no-heatmap' });
  });

  it('is not begun for a client that has gone', async () => {
    const asked = heatmapValues(app(), await wanted({ row: 3 }), AbortSignal.abort());
    await expect(asked).rejects.toMatchObject({ name: 'Interrupted' });
  });

  it('is refused while too many others wait', async () => {
    const first = heatmapValues(app(), await wanted({ row: 9 }), signal);
    const leaving = new AbortController();
    const others = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => ({ app: app(), wanted: await wanted({ row: i + 10 }) })),
    );
    const asked = others.map((one) => heatmapValues(one.app, one.wanted, leaving.signal));
    const codes = asked.map((one) =>
      one.then(
        () => 'done',
        ({ code }: { readonly code: string }) => code,
      ),
    );
    expect(await Promise.race(codes)).toBe('heatmaps-busy');
    leaving.abort();
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['heatmaps-busy', 'interrupted']));
    expect(await first).toMatchObject({ kind: 'class-activation' });
  });
});
