import { copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { addNanModel } from '../support/nan-model.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { jsonLines, repositoryRoot, winnow } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');

/** Folders of samples under names of one's own. */
const OWN = { 'sea-fish': 'n01440764', 'gold fish': 'n01443537', rays: 'n01498041' } as const;

beforeAll(async () => {
  for (const [name, wnid] of Object.entries(OWN)) await addPhotos(path.join('own', name), wnid);
  for (const wnid of Object.values(OWN)) await addPhotos(path.join('wnids', wnid), wnid);
});

async function addPhotos(to: string, wnid: string): Promise<void> {
  await mkdir(folder.at(to), { recursive: true });
  for (const file of await readdir(path.join(SAMPLES, wnid)))
    await copyFile(path.join(SAMPLES, wnid, file), folder.at(to, file));
}

/** Photos that a head was not fitted on: a collection with the head drops those that it was fitted on. */
async function addMirrored(to: string, wnid: string): Promise<void> {
  await mkdir(folder.at(to), { recursive: true });
  for (const file of await readdir(path.join(SAMPLES, wnid)))
    await sharp(path.join(SAMPLES, wnid, file))
      .flop()
      .toFile(folder.at(to, file));
}

function finetune(train: string, name: string, ...flags: readonly string[]) {
  const fixed = ['--backbone', 'efficientnet-lite0', '--train', train, '--name', name];
  return winnow(['finetune', ...fixed, ...flags], { cwd: folder.at() });
}

async function fitted(...args: Parameters<typeof finetune>) {
  const { code, stdout, stderr } = await finetune(...args, '--json');
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

async function refusal(...args: Parameters<typeof finetune>): Promise<string> {
  const { code, stderr, stdout } = await finetune(...args);
  expect([code, stdout]).toEqual([2, '']);
  return stderr;
}

describe('winnow finetune', () => {
  it('fits a head for classes with names of their own, which is a member of a collection like any other', async () => {
    const result = await fitted('own', 'mine');
    expect(result).toMatchObject({ photos: 7, classes: 3, trainAccuracy: 1, validation: 'held-out', valPhotos: 2 });
    expect(result.gradientNorm).toBeLessThanOrEqual(1e-6);
    const [card = {}] = jsonLines<Record<string, unknown>>(
      (await winnow(['models', 'show', 'mine', '--json'], { cwd: folder.at() })).stdout,
    );
    expect(card).toMatchObject({ state: 'ready', backbone: 'efficientnet-lite0', classCount: 3, trained: true });
    expect(card['fit']).toMatchObject({ photos: 7, valPhotos: 2, l2: 1 });
    expect(await winnow(['models', 'verify', 'mine'], { cwd: folder.at() })).toMatchObject({ code: 0 });
    const among = ['--among', 'gold fish,rays', '--models', 'mine'];
    const compared = await winnow(['models', 'compare', '--clean', 'own', ...among, '--json'], { cwd: folder.at() });
    expect(compared.stderr).toMatch(/left out photos of other classes in 'own' \(photos: \d+, classes: 1\)/);
    expect(JSON.parse(compared.stdout)).toMatchObject({ classes: 2, models: [{ model: 'mine', accuracy: 1 }] });
    await writeFile(
      folder.at('own.yaml'),
      'name: own\nclasses:\n  - {wnid: sea-fish, name: sea-fish}\n  - {wnid: goldfish, name: gold fish}\n  - {wnid: rays, name: rays}\nensemble: [mine]\n',
    );
    const flags = ['--collection', 'own.yaml', '--data', 'own-data'];
    // Each photo is under the class of another one, so the head is not right.
    await addMirrored(path.join('swapped', 'rays'), OWN['sea-fish']);
    await addMirrored(path.join('swapped', 'sea-fish'), OWN.rays);
    const run = await winnow(['run', '--source', 'folder', '--from', 'swapped', ...flags], { cwd: folder.at() });
    expect([run.code, run.code === 0 ? '' : run.stderr]).toEqual([0, '']);
    const { stdout } = await winnow(['decisions', '--json', ...flags], { cwd: folder.at() });
    const decisions = jsonLines<{ state: string; wnid: string; confusion: { wnid: string } | null }>(stdout);
    expect(decisions).toHaveLength(4);
    const kept = decisions.filter(({ state }) => state === 'kept');
    expect(kept.length).toBeGreaterThanOrEqual(3);
    for (const { wnid, confusion } of kept) expect(confusion?.wnid).toBe(wnid === 'rays' ? 'sea-fish' : 'rays');
  });

  it('stores the same bytes for the same photos, with features from the cache', async () => {
    const first = await fitted('wnids', 'first', '--data', 'cache');
    const second = await fitted('wnids', 'second', '--data', 'cache');
    const bytesOf = (name: string) => readFile(folder.at('config/local/models', name, `${name}.head.safetensors`));
    expect(await bytesOf('second')).toEqual(await bytesOf('first'));
    const { valAccuracy, valLogLoss } = first;
    expect(second).toMatchObject({ valAccuracy, valLogLoss });
    const other = await fitted('wnids', 'other', '--data', 'cache', '--l2', '100', '--class-weights');
    expect(await bytesOf('other')).not.toEqual(await bytesOf('first'));
    expect(other.iterations).toBeGreaterThan(0);
  });

  it('measures the head on a folder of --val, and warns of photos that are in both', async () => {
    const { code, stdout, stderr } = await finetune('wnids', 'with-val', '--val', 'wnids', '--json');
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      expect.objectContaining({ validation: 'folder', valPhotos: 7, valAccuracy: 1 }),
    ]);
    expect(stderr).toContain('7 photos of --val are in --train too');
  });

  it('compares the clean accuracy of models, and warns if they differ by more than two points', async () => {
    const args = ['models', 'compare', '--clean', 'wnids', '--json'];
    await fitted('wnids', 'strong');
    await fitted('wnids', 'weak', '--l2', '1e9');
    const { code, stdout, stderr } = await winnow([...args, '--models', 'strong,weak'], { cwd: folder.at() });
    expect(code).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ classes: 3, isSimilar: false });
    expect(result.models[0]).toMatchObject({ model: 'strong', photos: 7, accuracy: 1, accuracyHigh: 1 });
    expect(stderr).toContain('points apart on clean photos, more than 2');
  });
});

describe('winnow finetune refuses', () => {
  it('a folder with parts of a set, and names the part to give', async () => {
    for (const part of ['val', 'train']) await addPhotos(path.join('split', part, 'rays'), OWN.rays);
    expect(await refusal('split', 'x')).toContain("Its folder 'train' has folders of classes: give 'split/train'");
    expect(await refusal('wnids', 'x', '--val', 'split')).toContain("give 'split/val'");
  });

  it('a class without photos', async () => {
    await addPhotos('empty/rays', OWN.rays);
    await mkdir(folder.at('empty/none'), { recursive: true });
    expect(await refusal('empty', 'x')).toContain(
      "Expected photos of each class in 'empty' but there are none of 1: 'none'. Add photos, or remove the folder",
    );
    expect(await refusal('wnids', 'x', '--classes', 'n01440764,n01514668')).toContain(
      "there are none of 1: 'n01514668'. Add photos, or leave the class out of --classes",
    );
  });

  it('a folder for validation with a class that was not trained', async () => {
    expect(await refusal('wnids', 'x', '--val', 'own')).toContain(
      "Expected the classes of 'wnids' in 'own' but 3 are not among them: 'gold fish', 'rays', 'sea-fish'",
    );
  });

  it('photos with features that are no finite numbers', async () => {
    await addNanModel(folder.at());
    for (const [name, level] of [
      ['dark', 40],
      ['white', 250],
    ] as const) {
      await mkdir(folder.at('levels', name), { recursive: true });
      const background = { r: level, g: level, b: level };
      await sharp({ create: { width: 40, height: 40, channels: 3, background } })
        .png()
        .toFile(folder.at('levels', name, 'plain.png'));
    }
    const flags = ['--backbone', 'five-nan-if-dark', '--train', 'levels', '--name', 'x'];
    const { code, stderr } = await winnow(['finetune', ...flags], { cwd: folder.at() });
    expect(code).toBe(2);
    expect(stderr).toMatch(/1 of 2 photos of 'levels' cannot be used: 'white\/plain\.png' \(NaN at feature 0 of \d+\)/);
  });
});

describe('a head whose files were changed', () => {
  it('fails its check if its file is cut, or if its backbone is another one', async () => {
    await fitted('wnids', 'cut');
    await fitted('wnids', 'moved');
    const file = (name: string, end: string) => folder.at('config/local/models', name, end);
    await truncate(file('cut', 'cut.head.safetensors'), 100);
    const card = await readFile(file('moved', 'card.yaml'), 'utf8');
    await writeFile(
      file('moved', 'card.yaml'),
      card.replace('backbone: efficientnet-lite0', 'backbone: efficientnet-lite1'),
    );
    const { code, stdout } = await winnow(['models', 'verify', 'cut', 'moved'], { cwd: folder.at() });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /moved: Expected the backbone that the head in .* was fitted on \(sha256 c5d9f57.*fit the head again/,
    );
    expect(stdout).toMatch(/cut: Expected 15516 bytes at .*cut\.head\.safetensors' but it has 100/);
    await rm(folder.at('config/local/models/moved'), { recursive: true });
  });
});
