import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { EngineTally } from '../../../../src/filter/engine/engine-tally.ts';
import { startEngine } from '../../../../src/filter/engine/thread-pool.process.ts';
import { memberOf } from '../../../../src/models/engine/ensemble.process.ts';
import { finetune } from '../../../../src/evaluate/finetune/finetune.process.ts';
import { loadClassTable } from '../../../../src/collection/class-table.process.ts';
import { usableCollection } from '../../../../src/collection/collection.process.ts';
import { classesOfCard, memberCard } from '../../../../src/collection/cards/model-card.process.ts';
import { repositoryRoot } from '../../../support/winnow.ts';
import { putSamples, taskOf } from '../../filter/engine/spec.ts';

const SAMPLES = path.join(repositoryRoot, 'assets', 'samples', 'photos');
const WNIDS = ['n01440764', 'n01443537'];
const HEAD = 'resnet50-v1-12-imagenet-a';
const CROPS = 10;

/** A folder in which `resnet50-v1-12` is the structure of a ResNet-50, which has one output. The published file is not bundled. */
async function project(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-resnet-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const wnid of WNIDS) {
    // One photo of each class: a ResNet-50 takes seconds for ten.
    const [file = ''] = (await readdir(path.join(SAMPLES, wnid))).toSorted();
    await cp(path.join(SAMPLES, wnid, file), path.join(folder, 'train', wnid, file));
  }
  await mkdir(path.join(folder, 'config', 'models'), { recursive: true });
  const card = await readFile(path.join(repositoryRoot, 'config', 'models', 'resnet50-structure.yaml'), 'utf8');
  await writeFile(
    path.join(folder, 'config', 'models', 'resnet50-v1-12.yaml'),
    card
      .replace('name: resnet50-structure', 'name: resnet50-v1-12')
      .replace('file: assets', `file: ${repositoryRoot}/assets`)
      .replace('{ logits: logits }', '{ logits: logits, features: input of logits }'),
  );
  const paper = await readFile(path.join(repositoryRoot, 'config', 'collections', 'imagenet-a-paper.yaml'), 'utf8');
  await writeFile(
    path.join(folder, 'two.yaml'),
    paper
      .replace('name: imagenet-a-paper', 'name: two')
      .replace(/^classes: .*/m, `classes: [${WNIDS.join(', ')}]`)
      .replace(/^queries: .*\n/m, ''),
  );
  return folder;
}

it("the paper's two members, of which one is fitted, share each forward pass of a ResNet-50", async () => {
  const folder = await project();
  const { collection } = await usableCollection(path.join(folder, 'two.yaml'), folder);
  await expect(memberCard(HEAD, collection, folder)).rejects.toMatchObject({ code: 'head-to-fit' });
  const { signal } = new AbortController();
  const { head } = await finetune(
    {
      backbone: 'resnet50-v1-12',
      train: path.join(folder, 'train'),
      val: null,
      classes: null,
      name: HEAD,
      l2: 1,
      isBalanced: false,
      seed: 1,
      licence: 'unknown',
      workingDir: folder,
    },
    {
      threads: 1,
      cropsPerPass: 2,
      provider: 'cpu',
      signal,
      dataDir: path.join(folder, 'data'),
      maxPixels: 1e8,
      log: pino({ level: 'silent' }),
      onProgress: () => undefined,
      fitProgress: new Float64Array(2),
    },
  );
  expect(head.weight).toHaveLength(WNIDS.length * 2048);

  const members = await Promise.all(
    collection.ensemble.map(async (name) => {
      const card = await memberCard(name, collection, folder);
      return memberOf(card, { collection, classes: await classesOfCard(card, await loadClassTable()) });
    }),
  );
  expect(members.map(({ mask }) => mask)).toEqual([
    [0, 1],
    [0, 1],
  ]);
  const tally = new EngineTally(1);
  const blobs = { kind: 'folder', folder: path.join(folder, 'blobs') } as const;
  const photos = await putSamples(blobs.folder, 1);
  const { policy } = collection;
  const engine = await startEngine({ members, policies: [policy], evaluate: 'all', cropsPerPass: 1, blobs }, 1, tally);
  onTestFinished(() => engine.close());
  const results = await engine.evaluate(photos.map((sha256) => taskOf(sha256, 0)));
  expect(results.map(({ problem, fresh }) => [problem, fresh.map((crops) => [...crops].length)])).toEqual([
    [null, [CROPS, CROPS]],
  ]);
  expect(tally.work.passes).toBe(CROPS * photos.length);
});
