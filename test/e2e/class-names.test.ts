import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FoundClass } from '../../src/core/collection/find-classes.ts';
import type { CandidateLine } from '../../src/core/status/candidate-list.repository.ts';
import { jsonLines, repositoryRoot, winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');

async function photosIn(cwd: string, labels: readonly string[]): Promise<void> {
  const [photo = ''] = await readdir(path.join(SAMPLES, 'n01443537'));
  for (const label of labels) await cp(path.join(SAMPLES, 'n01443537', photo), path.join(cwd, 'photos', label, photo));
}

async function classLines(cwd: string, name: string): Promise<string[]> {
  const text = await readFile(path.join(cwd, 'config', 'collections', `${name}.yaml`), 'utf8');
  return text.split('\n').filter((line) => /^ {2}- /.test(line));
}

describe('winnow classes find', () => {
  it('prints classes as a table and as JSON Lines', async () => {
    const [table, json] = await Promise.all([
      winnow(['classes', 'find', 'crane']),
      winnow(['classes', 'find', 'sea', 'lion', '--json']),
    ]);
    expect([table.code, json.code]).toEqual([0, 0]);
    expect(table.stdout).toMatch(/n02012849 .*wading bird[^]*n03126707 .*lifts and moves heavy objects/);
    const [first] = jsonLines<FoundClass>(json.stdout);
    expect(first).toEqual({ wnid: 'n02077923', name: 'sea lion', synonyms: ['sea lion'], gloss: expect.any(String) });
  });
});

describe('winnow collection init', () => {
  it('writes the classes that are named, in a file that collection check accepts', async () => {
    await withFolder(async (cwd) => {
      const args = ['--classes', 'kite, jay, sea lion', '--classes', 'tench, Tinca tinca'];
      expect(await winnow(['collection', 'init', 'birds', ...args], { cwd })).toMatchObject({ code: 0, stderr: '' });
      expect(await classLines(cwd, 'birds')).toEqual([
        '  - n01440764 # tench',
        '  - n01580077 # jay',
        '  - n01608432 # kite',
        '  - n02077923 # sea lion',
      ]);
      const check = await winnow(['collection', 'check', 'birds', '--json'], { cwd });
      expect(JSON.parse(check.stdout)).toMatchObject({ ok: true, problems: [], classes: 4 });
      const again = await winnow(['collection', 'init', 'birds', '--classes', 'ostrich, hen'], { cwd });
      expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('nothing was changed')]);
    });
  });

  it('takes the sub-folders or the labels.csv of a folder', async () => {
    await withFolder(async (cwd) => {
      await photosIn(cwd, ['Sea_Lion', 'n01608432', 'goldfish, Carassius auratus']);
      expect((await winnow(['collection', 'init', 'mine', '--from', 'photos'], { cwd })).code).toBe(0);
      const lines = ['  - n01443537 # goldfish', '  - n01608432 # kite', '  - n02077923 # sea lion'];
      expect(await classLines(cwd, 'mine')).toEqual(lines);
      expect((await winnow(['collection', 'check', 'mine'], { cwd })).code).toBe(0);
      await writeFile(path.join(cwd, 'photos', 'labels.csv'), 'file,wnid\na.jpg,kite\nb.jpg,jay\nc.jpg,kite\n');
      expect((await winnow(['collection', 'init', 'listed', '--from', 'photos'], { cwd })).code).toBe(0);
      expect(await classLines(cwd, 'listed')).toEqual(['  - n01580077 # jay', '  - n01608432 # kite']);
    });
  });

  it('lists all names that it cannot resolve, and writes nothing', async () => {
    await withFolder(async (cwd) => {
      await photosIn(cwd, ['sealion', 'jay']);
      const args = ['collection', 'init', 'birds', '--classes', 'kitte, crane, dog', '--from', 'photos'];
      const { code, stderr } = await winnow(args, { cwd });
      expect(code).toBe(2);
      expect(stderr.trim().split('\n')).toEqual([
        'winnow: 4 names cannot be resolved to an ImageNet-1k class; nothing was written',
        expect.stringContaining("the nearest name is 'kite' (n01608432)"),
        expect.stringMatching(/^'crane' .*n02012849 .*wading bird.* n03126707 .*lifts and moves heavy objects/),
        expect.stringContaining("'dog' stands above 118 of the ImageNet-1k classes"),
        expect.stringContaining("the nearest name is 'sea lion' (n02077923)"),
        expect.stringMatching(/^Use one of the names .*`winnow classes find TEXT`.*`winnow finetune --help`/),
      ]);
      const none = await winnow(['collection', 'init', 'birds', '--classes', ' , '], { cwd });
      expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('No classes were named')]);
      expect(await readdir(cwd)).toEqual(['photos']);
    });
  });
});

describe('winnow crawl with classes by name', () => {
  const collection = 'name: mine\nclasses: [n01443537, n01608432, n01580077, n02077923]\n';

  it('takes --class several times, and several classes by comma', async () => {
    await withFolder(async (cwd) => {
      await photosIn(cwd, ['kite', 'sea lion', 'goldfish', 'jay']);
      await writeFile(path.join(cwd, 'mine.yaml'), collection);
      const args = ['--collection', './mine.yaml'];
      const classes = ['--class', 'Kite, sea lion', '--class', 'goldfish, Carassius auratus'];
      const crawl = await winnow(['crawl', ...args, '--from', 'photos', ...classes], { cwd });
      expect([crawl.code, crawl.stdout]).toEqual([0, expect.stringContaining('skipped 1 photo of other classes')]);
      const list = await winnow(['candidates', ...args, '--json', '--class', 'kite,sea lion', '--class', 'jay'], {
        cwd,
      });
      const found = jsonLines<CandidateLine>(list.stdout).map(({ wnid }) => wnid);
      expect(found.toSorted()).toEqual(['n01608432', 'n02077923']);
      const wrong = await winnow(['candidates', ...args, '--class', 'kite, jey', '--class', 'tench'], { cwd });
      expect([wrong.code, wrong.stderr.trim().split('\n')]).toEqual([
        2,
        [expect.stringMatching(/'jey': .*'jay' \(n01580077\)/), expect.stringMatching(/'tench': n01440764 is not one/)],
      ]);
    });
  });
});
