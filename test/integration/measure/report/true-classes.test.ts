import { cp, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrainingSets } from '../../../../src/measure/evaluate/finetune/training-set.process.ts';
import { compareModels } from '../../../../src/measure/evaluate/compare.process.ts';
import { loadClassTable } from '../../../../src/core/collection/class-table.process.ts';
import { modeOProtocolOf, writeExport } from '../../../support/exported.ts';
import { suiteFolder } from '../../../support/process-tree.ts';
import { repositoryRoot } from '../../../support/winnow.ts';

const folder = suiteFolder();
const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
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
