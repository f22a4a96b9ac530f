import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeAside } from '../../../../src/evaluate/aside/compute-aside.process.ts';
import { featuresOfSet } from '../../../../src/evaluate/finetune/features.process.ts';
import { measureHead } from '../../../../src/evaluate/finetune/measure-head.process.ts';
import { loadClassTable } from '../../../../src/collection/class-table.process.ts';
import { cardFor, classesOfCard } from '../../../../src/collection/cards/model-card.process.ts';
import type { LabelledFeatures } from '../../../../src/models/evidence/head/softmax-regression.ts';
import { softmax } from '../../../../src/models/evidence/softmax.ts';
import { applyLinear } from '../../../../src/platform/onnx/head.ts';
import { readSet } from '../../../../src/evaluate/set/read-set.process.ts';
import { writeCopies } from '../../../support/photo-copies.ts';
import { repositoryRoot } from '../../../support/winnow.ts';

/** A Python with scripts/interop/requirements.txt, which `npm run test:interop` installs. */
const PYTHON = process.env['WINNOW_INTEROP_PYTHON'] ?? '';
const WITHOUT_PYTHON = 'WINNOW_INTEROP_PYTHON names no Python (npm run test:interop installs one)';
/** One photo of each of 200 classes. Their rights are unknown, so they are not part of the project. */
const PHOTOS = path.join(repositoryRoot, '..', 'shared', 'images', 'photos');
const MODELS = ['efficientnet-lite0', 'efficientnet-lite1', 'efficientnet-lite2'];
const TIMEOUT_MS = 900_000;

/** The output of scripts/interop/check_head.py. */
interface Theirs {
  readonly seconds: number;
  readonly iterations: number;
  readonly trainAccuracy: number;
  readonly trainLogLoss: number;
  readonly testAccuracy: number;
  readonly testLogLoss: number;
  readonly testProbabilities: readonly number[];
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'winnow-head-oracle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function featuresOf(model: string, part: string): Promise<LabelledFeatures> {
  const card = await cardFor(model);
  const backbone = { card, classes: await classesOfCard(card, await loadClassTable()) };
  const { signal } = new AbortController();
  const set = await readSet(path.join(folder, part), { isClass: () => true, signal });
  const photos = await featuresOfSet(backbone, set, {
    dataDir: path.join(folder, 'data'),
    threads: 2,
    cropsPerPass: 4,
    provider: 'cpu',
    maxPixels: 1e8,
    signal,
    log: pino({ level: 'silent' }),
    onProgress: () => undefined,
  });
  const classes = [...new Set(set.photos.map(({ wnid }) => wnid))].toSorted();
  const columns = photos[0]?.features.length ?? 0;
  const values = new Float32Array(columns * photos.length);
  for (const [i, { features }] of photos.entries()) values.set(features, i * columns);
  const labels = Int32Array.from(set.photos, ({ wnid }) => classes.indexOf(wnid));
  return { values, columns, labels, classes: classes.length };
}

/** The first classes only. */
function some({ values, columns, labels }: LabelledFeatures, classes: number): LabelledFeatures {
  const count = labels.filter((label) => label < classes).length;
  return { values: values.subarray(0, count * columns), columns, labels: labels.subarray(0, count), classes };
}

async function compare(
  train: LabelledFeatures,
  test: LabelledFeatures,
  { l2, isBalanced }: { readonly l2: number; readonly isBalanced: boolean },
) {
  const { columns, classes } = train;
  await writeFile(path.join(folder, 'case.json'), JSON.stringify({ columns, classes, l2, balanced: isBalanced }));
  for (const [name, data] of Object.entries({ train, test })) {
    await writeFile(path.join(folder, `${name}.f32`), data.values);
    await writeFile(path.join(folder, `${name}.i32`), data.labels);
  }
  const script = path.join(repositoryRoot, 'scripts', 'interop', 'check_head.py');
  const theirs = JSON.parse(execFileSync(PYTHON, [script, folder], { encoding: 'utf8' })) as Theirs;
  const startMs = performance.now();
  const head = await computeAside('fitHead', { data: train, l2, isBalanced });
  const seconds = (performance.now() - startMs) / 1_000;
  const { signal } = new AbortController();
  const ofTrain = await measureHead(head, train, signal);
  const ofTest = await measureHead(head, test, signal);
  const probabilities = [...test.labels].map((label, i) => {
    const features = test.values.subarray(i * columns, (i + 1) * columns);
    return softmax(applyLinear(head, features))[label] ?? Number.NaN;
  });
  const differences = {
    trainAccuracy: Math.abs((ofTrain?.accuracy ?? Number.NaN) - theirs.trainAccuracy),
    trainLogLoss: Math.abs((ofTrain?.logLoss ?? Number.NaN) - theirs.trainLogLoss),
    testAccuracy: Math.abs((ofTest?.accuracy ?? Number.NaN) - theirs.testAccuracy),
    testLogLoss: Math.abs((ofTest?.logLoss ?? Number.NaN) - theirs.testLogLoss),
    probability: Math.max(...probabilities.map((p, i) => Math.abs(p - (theirs.testProbabilities[i] ?? Number.NaN)))),
  };
  console.log({
    photos: train.labels.length,
    classes,
    l2,
    isBalanced,
    ours: {
      seconds,
      iterations: head.iterations,
      gradientNorm: head.gradientNorm,
      testAccuracy: ofTest?.accuracy,
      testLogLoss: ofTest?.logLoss,
    },
    theirs: { seconds: theirs.seconds, iterations: theirs.iterations },
    differences,
  });
  return { head, differences };
}

describe('a head that is fitted on copies of photos', { timeout: TIMEOUT_MS }, () => {
  it.for(MODELS)(
    'has the accuracy, the log loss and the probabilities of scikit-learn over %s',
    async (model, context) => {
      context.skip(PYTHON === '', WITHOUT_PYTHON);
      context.skip(!existsSync(PHOTOS), `there are no photos in ${PHOTOS}`);
      const classes = (await readdir(PHOTOS)).toSorted();
      if (!existsSync(path.join(folder, 'train')))
        await writeCopies(PHOTOS, { train: path.join(folder, 'train'), test: path.join(folder, 'test') }, classes);
      const [train, test] = [await featuresOf(model, 'train'), await featuresOf(model, 'test')];
      const cases = [
        await compare(train, test, { l2: 1, isBalanced: false }),
        await compare(some(train, 2), some(test, 2), { l2: 1, isBalanced: false }),
        // Without some photos the classes are not of the same size.
        await compare({ ...some(train, 20), ...uneven(some(train, 20)) }, some(test, 20), {
          l2: 0.1,
          isBalanced: true,
        }),
      ];
      for (const { head, differences } of cases) {
        expect(head.hasConverged).toBe(true);
        for (const difference of Object.values(differences)) expect(difference).toBeLessThan(1e-3);
      }
    },
  );
});

/** Leaves out three photos of every other class. */
function uneven({ values, columns, labels }: LabelledFeatures): Pick<LabelledFeatures, 'values' | 'labels'> {
  const kept = [...labels.keys()].filter((i) => (labels[i] ?? 0) % 2 === 0 || labels[i] !== labels[i - 1]);
  const rows = new Float32Array(kept.length * columns);
  for (const [at, i] of kept.entries()) rows.set(values.subarray(i * columns, (i + 1) * columns), at * columns);
  return { values: rows, labels: Int32Array.from(kept, (i) => labels[i] ?? 0) };
}
