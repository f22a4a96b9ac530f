import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { suiteFolder } from '../support/process-tree.ts';
import { winnow, type CommandResult } from '../support/winnow.ts';

const folder = suiteFolder();
const run = (...args: readonly string[]): Promise<CommandResult> => winnow(args, { cwd: folder.at() });
const textOf = (name: string): Promise<string> => readFile(folder.at('config', 'collections', `${name}.yaml`), 'utf8');

interface Checked {
  readonly sources: readonly string[];
  readonly classTable: readonly { readonly name: string; readonly searches: Record<string, { terms: string[] }> }[];
}

const checked = async (name: string): Promise<Checked> =>
  JSON.parse((await run('collection', 'check', name, '--json')).stdout);

it('collection init with the classes of README searches each of them at iNaturalist', async () => {
  expect((await run('collection', 'init', 'kites', '--classes', 'kite, jay, house finch')).code).toBe(0);
  const { sources, classTable } = await checked('kites');
  expect(sources).toEqual(['inaturalist']);
  expect(classTable.map(({ name, searches }) => [name, searches['inaturalist']?.terms[0]])).toEqual([
    ['house finch', 'Haemorhous mexicanus'],
    ['jay', 'Cyanocitta'],
    ['kite', 'Milvus'],
  ]);
  expect((await run('collection', 'check', 'kites')).stdout).not.toContain('cannot search');
});

it('collection init adds Commons for classes that do not live, and check names those that a source cannot search', async () => {
  expect((await run('collection', 'init', 'mixed', '--classes', 'kite, teapot, wreck')).code).toBe(0);
  expect((await checked('mixed')).sources).toEqual(['inaturalist', 'commons']);
  expect((await run('collection', 'check', 'mixed')).stdout).toMatch(
    /^inaturalist cannot search 2 classes: teapot \(needs a line in the queries file\), wreck$/m,
  );
  expect((await run('collection', 'init', 'things', '--classes', 'teapot')).code).toBe(0);
  expect((await checked('things')).sources).toEqual(['commons']);
  const { stdout } = await run('collection', 'init', 'shared', '--classes', 'toy poodle, crib');
  expect(stdout).toMatch(/^note: commons searches these by text alone, .*: toy poodle$/m);
  expect(stdout).toMatch(/^note: commons cannot search these without a text in a queries file, .*: crib$/m);
});

it('a crawl takes a .txt of addresses for the one class that --class names, and refuses it without', async () => {
  await mkdir(folder.at('config', 'collections'), { recursive: true });
  await writeFile(
    folder.at('config', 'collections', 'birds.yaml'),
    'name: birds\nclasses: [kite, jay]\namong: imagenet-1k\n',
  );
  await writeFile(folder.at('list.txt'), '# kites\nhttps://x.test/1.jpg\n\n  https://x.test/2.jpg\r\n');
  const crawl = (...flags: readonly string[]) =>
    run(
      'crawl',
      '--collection',
      'birds',
      '--source',
      'urls',
      '--from',
      'list.txt',
      '--dry-run',
      '--set',
      'crawl.contact=a@b.org',
      ...flags,
    );
  const { code, stdout } = await crawl('--class', 'kite');
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^urls +kite \(n01608432\) +2 photos$/m)]);
  for (const flags of [[], ['--class', 'kite, jay']])
    expect(await crawl(...flags)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        "Expected --class with one class of the collection, because the lines of 'list.txt'",
      ),
    });
});

it('a crawl of formats that winnow does not read names a program that converts them', async () => {
  await mkdir(folder.at('photos', 'kite'), { recursive: true });
  const heic = Buffer.from('\0\0\0\u{18}ftypheic\0\0\0\0mif1heic', 'latin1');
  await writeFile(path.join(folder.at('photos', 'kite'), 'a.heic'), heic);
  await run('collection', 'init', 'own', '--from', 'photos', '--licence', 'CC0-1.0');
  expect(await textOf('own')).toMatch(/^# queries: .*\n[^]*^sources: \[folder\]$/m);
  const { code, stdout } = await run('crawl', '--collection', 'own', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout).notes).toEqual([
    expect.stringMatching(/^folder: unsupported-format: kite\/a\.heic\. .*magick mogrify -format jpg/),
  ]);
});
