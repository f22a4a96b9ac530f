import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { jsonLines, repositoryRoot, winnow, withFolder } from '../support/winnow.ts';
import { sumsThatFail } from '../../src/core/status/funnel.ts';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import type { Funnel } from '../../src/core/kernel/funnel.ts';
import type { ShortlistLine } from '../../src/core/shortlist/shortlist-csv.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
/** Concepts outside the 1,000; classes by a synonym, by the wnid, as ImageNet writes them, in the plural; what is above classes. */
const PHOTOS: readonly (readonly [folder: string, sample: string])[] = [
  ['discus fish', 'n01443537/discus.jpg'],
  ['anthias', 'n01443537/sea-goldies.jpg'],
  ['n02509197', 'n01440764/yellow-perch.jpg'],
  ['Carassius auratus', 'n01443537/goldfish.jpg'],
  ['n01440764', 'n01440764/red-porgy.jpg'],
  ['tench, Tinca tinca', 'n01440764/yellow-perch.jpg'],
  ['geese', 'n01443537/discus.jpg'],
  ['dogs', 'n01443537/discus.jpg'],
  ['baby grand', 'n01443537/discus.jpg'],
];

const COLLECTION = `
name: strangers
mode: O
classes: imagenet-o
policy: { minConfidence: 0.3, nearDuplicateCosine: 0.99 }
`;

describe('a collection of mode O', () => {
  it('refuses classes and their synonyms, keeps what a model is sure of, and lists the surest first', async () => {
    await withFolder(async (folder) => {
      for (const [name, sample] of PHOTOS) {
        await mkdir(path.join(folder, 'photos', name), { recursive: true });
        await copyFile(path.join(SAMPLES, sample), path.join(folder, 'photos', name, path.basename(sample)));
      }
      const file = path.join(folder, 'strangers.yaml');
      await writeFile(file, COLLECTION);
      const data = path.join(folder, 'data');
      const flags = ['--collection', file, '--data', data];
      const run = await winnow(['run', ...flags, '--from', path.join(folder, 'photos'), '--json']);
      expect({ code: run.code, stderr: run.stderr }).toMatchObject({ code: 0 });
      const funnel = JSON.parse(run.stdout) as Funnel;
      expect(sumsThatFail(funnel.totals)).toEqual([]);
      expect(funnel.totals).toMatchObject({ found: 9, fetched: 3, dropped: { 'unknown-class': 6 } });
      expect(funnel.totals.decided).toMatchObject({ correct: 0, confident: 0, undecided: 0, failed: 0 });
      expect(funnel.classes.map(({ wnid }) => wnid)).toEqual(['anthias', 'discus_fish', 'n02509197', null]);

      const { stdout: refused } = await winnow(['candidates', ...flags, '--state', 'dropped', '--json']);
      expect(jsonLines<{ detail: string }>(refused).map(({ detail }) => detail)).toEqual([
        "'Carassius auratus' is a name of the ImageNet-1k class goldfish (n01443537); if you mean another thing of that name, use its WordNet id",
        "'baby grand' is below an ImageNet-1k class: baby grand (n02766792) is a kind of grand piano (n03452741); if you mean another thing of that name, use its WordNet id; --allow n02766792 takes its photos",
        expect.stringMatching(/^'dogs' stands above 118 of the ImageNet-1k classes: .* allowHypernyms: true/),
        expect.stringContaining("'geese' is a name of the ImageNet-1k class goose (n01855672)"),
        "'n01440764' is the ImageNet-1k class tench (n01440764)",
        expect.stringContaining("'tench, Tinca tinca' is a name of the ImageNet-1k class tench (n01440764)"),
      ]);

      const crawl = ['crawl', ...flags, '--from', path.join(folder, 'photos'), '--json'];
      const wrong = await winnow([...crawl, '--allow', 'garden gnome']);
      expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("but received 'garden gnome'") });
      const fetched = async () => {
        const { stdout } = await winnow(['candidates', ...flags, '--state', 'fetched', '--json']);
        return jsonLines<{ wnid: string }>(stdout).map(({ wnid }) => wnid);
      };
      expect((await winnow([...crawl, '--allow', 'baby grand'])).code).toBe(0);
      expect(await fetched()).toContain('baby_grand');
      await cp(path.join(folder, 'photos', 'baby grand'), path.join(folder, 'photos', 'parlour grand'), {
        recursive: true,
      });
      expect((await winnow(crawl)).code).toBe(0);
      expect(await fetched()).toContain('parlour_grand');

      await cp(path.join(folder, 'photos', 'baby grand'), path.join(folder, 'photos', 'stretch limousine'), {
        recursive: true,
      });
      expect((await winnow(crawl)).code).toBe(0);
      expect(await fetched()).not.toContain('stretch_limousine');
      const { stdout: dropped } = await winnow(['candidates', ...flags, '--state', 'dropped', '--json']);
      expect(dropped).toContain("'stretch limousine' ends with a name of the ImageNet-1k class limousine (n03670208)");
      expect((await winnow([...crawl, '--allow', 'Stretch Limousine'])).code).toBe(0);
      expect((await winnow(crawl)).code).toBe(0);
      expect(await fetched()).toContain('stretch_limousine');

      const shortlist = await winnow(['shortlist', ...flags, '--json']);
      const rows = jsonLines<ShortlistLine>(shortlist.stdout);
      expect(rows.length).toBe(funnel.totals.decided.kept);
      expect(rows).toContainEqual(
        expect.objectContaining({ wnid: 'discus_fish', confusionWnid: 'n01443537', maxTrueProb: null, twinBy: null }),
      );
      expect(rows.every(({ confusionProb }) => (confusionProb ?? 0) >= 0.3)).toBe(true);
      const page = await readFile(path.join(data, 'shortlists', 'strangers', 'shortlist.html'), 'utf8');
      expect(page).toContain('<bdi>discus fish</bdi>');
      const again = await winnow(['shortlist', ...flags, '--json']);
      expect(again.stdout).toBe(shortlist.stdout);
    });
  });

  it('decides the same on a fresh data folder and where the model was run over 1,001 classes before', async () => {
    await withFolder(async (cwd) => {
      const thousand = jsonLines<{ wnid: string }>(
        await readFile(path.join(repositoryRoot, 'config/classes/imagenet-1k.jsonl'), 'utf8'),
      ).map(({ wnid }) => wnid);
      const list = [...thousand, 'n99999999'];
      await writeFile(path.join(cwd, 'list.txt'), list.join('\n'));
      const model = path.join(repositoryRoot, 'test/fixtures/onnx/thousand-and-one.onnx');
      const how = ['--resize', '36', '--normalise', '127,127,127/128,128,128', '--allow-chance'];
      const named = ['--name', 'wide', '--classes', 'list.txt'];
      const added = await winnow(['models', 'add', model, ...named, ...how], { cwd });
      expect(added, added.stderr).toMatchObject({ code: 0 });
      await mkdir(path.join(cwd, 'config/collections'), { recursive: true });
      const classes = list.map((wnid) => `  - { wnid: ${wnid}, name: ${wnid} }`).join('\n');
      const a = `name: a\nensemble: [wide]\nclasses:\n${classes}\npolicy: { threshold: 0.15 }\n`;
      const predictable = thousand.slice(0, 11).join(', ');
      const o = `name: o\nmode: O\nensemble: [wide]\nclasses: [${predictable}]\npolicy: { minConfidence: 0.96 }\n`;
      await writeFile(path.join(cwd, 'config/collections/a.yaml'), a);
      await writeFile(path.join(cwd, 'config/collections/o.yaml'), o);
      // Mode A: photos of the last class, which has too much on every crop. Mode O: the same photos, of a concept.
      const names: string[] = [];
      for (const wnid of (await readdir(SAMPLES)).toSorted().slice(0, 8))
        for (const photo of await readdir(path.join(SAMPLES, wnid))) names.push(`${wnid}/${photo}`);
      for (const name of names) {
        for (const folder of ['concepts/anthias', 'classes/n99999999']) {
          await mkdir(path.join(cwd, folder), { recursive: true });
          await copyFile(path.join(SAMPLES, name), path.join(cwd, folder, name.replace('/', '-')));
        }
      }

      const run = async (args: readonly string[]): Promise<string> => {
        const result = await winnow(args, { cwd });
        expect(result, result.stderr).toMatchObject({ code: 0 });
        return result.stdout;
      };
      const decisions = async (data: string): Promise<{ state: string }[]> => {
        await run(['run', '--collection', 'o', '--data', data, '--from', 'concepts']);
        const lines = jsonLines<DecisionLine>(await run(['decisions', '--collection', 'o', '--data', data, '--json']));
        // The class of mode A is a concept, too: the same photos a second time.
        const anthias = lines.filter(({ wnid }) => wnid === 'anthias');
        return anthias.map(({ sha256, state, confusion }) => ({ sha256, state, confusion }));
      };
      const fresh = await decisions('fresh');
      await run(['run', '--collection', 'a', '--data', 'used', '--from', 'classes']);
      expect(await decisions('used')).toEqual(fresh);
      const counts = ['kept', 'dropped'].map((state) => fresh.filter((photo) => photo.state === state).length);
      expect(Math.min(...counts)).toBeGreaterThan(2);
    });
  });
});
