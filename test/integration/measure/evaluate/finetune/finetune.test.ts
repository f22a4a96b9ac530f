import { cp, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { computeAside } from '../../../../../src/measure/evaluate/aside/compute-aside.process.ts';
import { runOnPictures } from '../../../../../src/core/filter/engine/run-backbone.process.ts';
import { finetune } from '../../../../../src/measure/evaluate/finetune/finetune.process.ts';
import { activationHead } from '../../../../../src/core/review/heatmap/compute-heatmaps.process.ts';
import { cardFor } from '../../../../../src/core/collection/cards/model-card.process.ts';
import { linearRowOf } from '../../../../../src/core/platform/onnx/head.ts';
import { classActivation } from '../../../../../src/core/review/heatmap/heatmap.ts';
import { seededRandom } from '../../../../support/random.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { until } from '../../../../support/until.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';
import { testFolder } from '../../../../support/test-app.ts';

const WNIDS = ['n01440764', 'n01443537', 'n01498041'];
const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');

it('a fitted head has exact heatmaps for each of its classes', async () => {
  const folder = await testFolder();
  for (const wnid of WNIDS) await cp(path.join(SAMPLES, wnid), path.join(folder, 'train', wnid), { recursive: true });
  const { signal } = new AbortController();
  const running = { threads: 1, cropsPerPass: 1, provider: 'cpu', signal } as const;
  await finetune(
    {
      backbone: 'efficientnet-lite0',
      train: path.join(folder, 'train'),
      val: null,
      classes: null,
      name: 'mine',
      l2: 1,
      isBalanced: false,
      seed: 1,
      licence: 'unknown',
      workingDir: folder,
    },
    {
      ...running,
      dataDir: path.join(folder, 'data'),
      maxPixels: 1e8,
      log: pino({ level: 'silent' }),
      onProgress: () => undefined,
      fitProgress: new Float64Array(2),
    },
  );
  const card = await cardFor('mine', folder);
  const head = await readFile((await activationHead(card)) ?? '');
  const [name = ''] = await readdir(path.join(folder, 'train', 'n01440764'));
  const bytes = await readFile(path.join(folder, 'train', 'n01440764', name));
  const pictures = [{ sha256: sha256Of(bytes), bytes }];
  const run = runOnPictures({ ...running, card, outputs: ['logits', 'featureMap'], crops: [4], pictures });
  for await (const { outputs } of run) {
    const crop = outputs.problem === null ? outputs.crops[0] : undefined;
    const maps = WNIDS.map((_, row) => {
      const layer = linearRowOf(head, row);
      // Null if the map does not come to the logit.
      return layer && classActivation(crop?.featureMap ?? new Float32Array(), layer, crop?.logits?.[row] ?? Number.NaN);
    });
    expect(maps.map((map) => map !== null)).toEqual([true, true, true]);
  }
  expect.assertions(1);
});

it('a fit that is interrupted ends, and the process goes on', async () => {
  const random = seededRandom(1);
  const [photos, columns, classes] = [3_000, 500, 50];
  const values = Float32Array.from({ length: photos * columns }, () => random.next());
  const labels = Int32Array.from({ length: photos }, (_, i) => i % classes);
  const progress = new Float64Array(new SharedArrayBuffer(16));
  const interrupt = new AbortController();
  const order = { data: { values, columns, labels, classes }, l2: 1e-6, isBalanced: false, progress };
  const fit = computeAside('fitHead', order, interrupt.signal).then(() => 'done', String);
  await until(() => (progress[0] ?? 0) > 0);
  interrupt.abort();
  expect(await fit).toMatch(/^Interrupted/);
});
