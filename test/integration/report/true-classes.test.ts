import { cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrainingSets } from '../../../src/evaluate/finetune/training-set.process.ts';
import { compareModels } from '../../../src/evaluate/compare.process.ts';
import { evaluateSet } from '../../../src/evaluate/evaluate-set.process.ts';
import { loadClassTable } from '../../../src/collection/class-table.process.ts';
import { modeOProtocolOf, writeExport } from '../../support/exported.ts';
import { suiteFolder } from '../../support/process-tree.ts';
import { repositoryRoot } from '../../support/winnow.ts';

const folder = suiteFolder();
const SAMPLES = path.join(repositoryRoot, 'assets', 'samples', 'photos');
const { signal } = new AbortController();
const answering = {
  threads: 1,
  cropsPerPass: 2,
  provider: 'cpu',
  maxPixels: 1e8,
  signal,
  onProgress: () => undefined,
  onUnreadable: () => undefined,
} as const;

const compare = (clean: string, among: string | null) =>
  compareModels({ clean, models: ['efficientnet-lite0'], among }, answering);
const trainingSets = async (train: string, { val, classes }: { val?: string; classes?: string }) =>
  readTrainingSets({ train, val: val ?? null, classes: classes ?? null }, { table: await loadClassTable(), signal });

/** Copies the samples of each class into a folder of any name. Returns how many photos each has. */
async function putSamples(to: string, folders: Readonly<Record<string, string>>): Promise<number[]> {
  for (const [name, wnid] of Object.entries(folders))
    await cp(path.join(SAMPLES, wnid), folder.at(to, name), { recursive: true });
  return Promise.all(Object.keys(folders).map(async (name) => (await readdir(folder.at(to, name))).length));
}

describe('photos of classes that --among does not name', () => {
  it('are left out of a comparison, which says how many there are', async () => {
    const wnids = { n01440764: 'n01440764', n01443537: 'n01443537', n01498041: 'n01498041' };
    const [tenches = 0, goldfish = 0, rays = 0] = await putSamples('three', wnids);
    const clean = folder.at('three');
    const result = await compare(clean, 'n01440764,n01443537');
    expect(result).toMatchObject({
      classes: 2,
      models: [{ photos: tenches + goldfish }],
      remarks: [`left out photos of other classes in '${clean}' (photos: ${rays}, classes: 1)`],
    });
    await expect(compare(clean, 'n01514668,n01514859')).rejects.toMatchObject({
      code: 'unknown-class',
      message: `Expected photos of the 2 classes of --among in '${clean}' but its folders are others: 'n01440764', 'n01443537', 'n01498041'. Name the folders by the classes, or give other classes to --among`,
    });
  });
});

describe('folders with spaces and other letters in their names', () => {
  it('are classes for --classes and --among', async () => {
    await putSamples('own', { 'gold fish': 'n01443537', Käfer: 'n01440764', rays: 'n01498041' });
    const { classes, train, remarks } = await trainingSets(folder.at('own'), { classes: 'Käfer,gold fish' });
    expect(classes).toEqual(['Käfer', 'gold fish']);
    expect(new Set(train.photos.map(({ wnid }) => wnid))).toEqual(new Set(classes));
    expect(remarks).toEqual([expect.stringMatching(/^left out photos of other classes .*, classes: 1\)$/)]);

    await mkdir(folder.at('two'));
    for (const name of classes) await cp(folder.at('own', name), folder.at('two', name), { recursive: true });
    const logits = train.photos.map(({ file, wnid }) => `${file},${wnid === 'Käfer' ? '9,0' : '0,9'}\n`);
    await writeFile(folder.at('two.csv'), ['file,Käfer,gold fish\n', ...logits].join(''));
    const judge = {
      kind: 'logits',
      set: { file: folder.at('two.csv'), names: null },
      inDistribution: null,
      logitsAre: 'logits',
    } as const;
    const options = { ...answering, among: 'gold fish,Käfer', inDistribution: null };
    const { evaluation } = await evaluateSet(folder.at('two'), judge, options);
    expect(evaluation).toMatchObject({ photos: train.photos.length, accuracy: 1 });
  });
});

describe('an export of mode O', () => {
  it('is refused as clean photos and for fitting a head, because its folders are not what its photos show', async () => {
    const exported = folder.at('mode-o');
    const protocol = await writeExport(exported, modeOProtocolOf());
    await writeFile(path.join(exported, 'protocol.json'), JSON.stringify(protocol));
    const refusal = (flag: string) => ({
      code: 'no-true-classes',
      message: expect.stringContaining(`for ${flag} but '${exported}' is an export of mode O`),
    });
    await putSamples('clean', { n01440764: 'n01440764', n01443537: 'n01443537' });
    await expect(compare(exported, null)).rejects.toMatchObject(refusal('--clean'));
    await expect(trainingSets(exported, {})).rejects.toMatchObject(refusal('--train'));
    const withVal = trainingSets(folder.at('clean'), { val: exported });
    await expect(withVal).rejects.toMatchObject(refusal('--val'));
  });
});
