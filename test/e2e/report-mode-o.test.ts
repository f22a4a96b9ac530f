import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/measure/report/report.ts';
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

    // The rule stays that of the 1,000 classes: no photo is decided again, and the figures are those of `evaluate`.
    const list = folder.at('few.txt');
    await writeFile(list, [...SET_WNIDS, 'n01498041', 'n01608432', 'n02655020'].join('\n'));
    await writeFile(folder.at('strange', 'ignored.txt'), 'no photo');
    await cp(path.join(SAMPLES, 'n07930864'), folder.at('clean', 'n07930864'), { recursive: true });
    const few = await winnow(['report', ...ofO, '--out', folder.at('o2'), ...options, '--among', list]);
    expect(few.code, few.stderr).toBe(0);
    const narrow: Report = JSON.parse(few.stdout);
    const lists = { among: 'few.txt', amongClasses: 6, ruleAmong: 'imagenet-1k', ruleAmongClasses: 1000 };
    expect(narrow).toMatchObject({ state: report.state, among: 1000, set: report.set });
    expect(narrow.models.map(({ model }) => model)).toEqual(['efficientnet-lite1', 'efficientnet-lite0']);
    await cp(photos, folder.at('as-set', 'n01443537'), { recursive: true });
    for (const { model, ood } of narrow.models) {
      const flags = ['--model', model, '--in-distribution', folder.at('clean'), '--among', list, '--json'];
      const { stdout: said } = await winnow(['evaluate', folder.at('as-set'), ...flags]);
      expect(ood).toEqual({ ...JSON.parse(said).ood, ...lists });
    }
    const rows = await readFile(folder.at('o2', 'csv', 'models.csv'), 'utf8');
    expect(rows.split('\n')[0]).toMatch(/ood\.among,.*ood\.ruleAmong,.*ood\.auroc,.*ood\.aupr,/);
    expect(await readFile(folder.at('o2', 'report.html'), 'utf8')).toMatch(
      /AUROC of the best.*softmax over 6 classes/s,
    );

    // A collection's own classes are the default.
    await writeFile(
      folder.at('own.yaml'),
      `name: own\nmode: O\nclasses: [${[...SET_WNIDS, 'n02655020'].join(', ')}]\npolicy: { minConfidence: 0.01 }\n`,
    );
    const ofOwn = ['--collection', folder.at('own.yaml'), '--data', folder.at('data-o')];
    expect(await winnow(['run', ...ofOwn, '--from', photos])).toMatchObject({ code: 0 });
    const own = await winnow(['report', ...ofOwn, '--out', folder.at('o3'), ...options]);
    expect(own.code, own.stderr).toBe(0);
    const own4 = { among: 'own', amongClasses: 4, ruleAmong: 'imagenet-1k', negatives: SET_WNIDS.length };
    expect(JSON.parse(own.stdout).models.map(({ ood }: { ood: object }) => ood)).toEqual([
      expect.objectContaining(own4),
      expect.objectContaining(own4),
    ]);
    const wrong = await winnow(['report', ...ofO, '--out', folder.at('o4'), '--among', 'n00000001,n01440764']);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('n00000001') });
  });
});
