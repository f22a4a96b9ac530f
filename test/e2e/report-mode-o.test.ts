import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/report/report.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { SET_WNIDS } from '../support/reviewed-set.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { repositoryRoot, winnow } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');

/** Makes a folder of photos in the distribution: one of each class. */
async function makeClean(): Promise<string> {
  for (const wnid of SET_WNIDS) {
    const [sample = ''] = await readdir(path.join(SAMPLES, wnid));
    await cp(path.join(SAMPLES, wnid, sample), folder.at('clean', wnid, sample));
  }
  return folder.at('clean');
}

describe('winnow report in mode O', () => {
  it('has no accuracy, and tells the set from photos in the distribution', { timeout: 180_000 }, async () => {
    const photos = folder.at('strange');
    for (const [concept, sample] of [
      ['discus fish', 'n01443537/discus.jpg'],
      ['anthias', 'n01443537/sea-goldies.jpg'],
      ['n02509197', 'n01440764/yellow-perch.jpg'],
    ] as const) {
      await mkdir(path.join(photos, concept), { recursive: true });
      await cp(path.join(SAMPLES, sample), path.join(photos, concept, path.basename(sample)));
    }
    const collection = folder.at('strangers.yaml');
    await writeFile(
      collection,
      'name: strangers\nmode: O\nclasses: imagenet-1k\npolicy: { minConfidence: 0.05 }\nensemble: [efficientnet-lite0]\n',
    );
    const ofO = ['--collection', collection, '--data', folder.at('data-o')];
    expect(await winnow(['run', ...ofO, '--from', photos])).toMatchObject({ code: 0 });
    const options = ['--in-distribution', await makeClean(), '--models', 'efficientnet-lite1', '--json'];
    const { code, stdout, stderr } = await winnow(['report', ...ofO, '--out', folder.at('o1'), ...options]);
    expect(code, stderr).toBe(0);
    const report: Report = JSON.parse(stdout);
    expect(report.set).toMatchObject({ which: 'listed', photos: 3 });
    const negatives = report.inDistribution?.photos ?? 0;
    expect(negatives).toBe(SET_WNIDS.length);
    for (const { accuracy, clean: onClean, ood } of report.models) {
      expect([accuracy, onClean]).toEqual([null, null]);
      expect(ood).toMatchObject({ positives: 3, negatives, chance: { aupr: 3 / (3 + negatives), auroc: 0.5 } });
      expect(ood?.aupr).toBeGreaterThan(0);
    }
    expect(report.crops.models).toEqual([]);
    const html = await readFile(folder.at('o1', 'report.html'), 'utf8');
    expect(html).toContain('Out of distribution');
    expect(html).not.toContain('NaN');
  });
});
