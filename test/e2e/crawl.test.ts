import { cp, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CandidateLine } from '../../src/core/status/candidate-list.repository.ts';
import type { DecisionLine } from '../../src/core/filter/run/decision-line.ts';
import type { Funnel } from '../../src/core/kernel/funnel.ts';
import type { ShortlistRow } from '../../src/core/shortlist/shortlist.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { jsonLines, repositoryRoot, winnow } from '../support/winnow.ts';
import { expectFunnelAddsUp } from './funnel-sums.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const SAMPLES = path.join(repositoryRoot, 'test', 'fixtures', 'samples', 'photos');
const LION = 'n02129165';
const GOLDFISH = 'n01443537';
const DAISY = 'n11939491';
const PIZZA = 'n07873807';

const folder = suiteFolder();

async function writeCollection(file: string, { name = 'four', licences = 'any', threshold = 0.15 } = {}) {
  const text = [
    `name: ${name}`,
    `classes: [${LION}, ${GOLDFISH}, ${DAISY}, ${PIZZA}]`,
    `licences: ${licences}`,
    `policy: { threshold: ${threshold} }`,
  ];
  await mkdir(path.dirname(folder.at(file)), { recursive: true });
  await writeFile(folder.at(file), `${text.join('\n')}\n`);
  return folder.at(file);
}

async function run(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await winnow(args);
  expect([args[0], code, code === 0 ? '' : stderr]).toEqual([args[0], 0, '']);
  return stdout;
}

async function query<T>(command: string, collection: string, data: string): Promise<T[]> {
  return jsonLines<T>(await run([command, '--collection', collection, '--data', folder.at(data), '--json']));
}

async function funnelOf(collection: string, data: string): Promise<Funnel> {
  return JSON.parse(await run(['status', '--collection', collection, '--data', folder.at(data), '--json'])) as Funnel;
}

function copyTo(label: string, ...files: string[]): Promise<void[]> {
  return Promise.all(
    files.map((file) => cp(path.join(SAMPLES, file), folder.at('photos', label, path.basename(file)))),
  );
}

beforeAll(async () => {
  await copyTo(LION, 'n02129165/lion-standing.jpg');
  await copyTo('goldfish', 'n01443537/goldfish.jpg', 'n02129165/lion-standing.jpg');
  await copyTo(DAISY, 'n11939491/white-balsam.jpg', 'n02129165/lion-standing.jpg', 'n01443537/goldfish.jpg');
});

describe('winnow run on a folder', () => {
  it('takes the same bytes under several classes for one photo with a candidate and a decision a class', async () => {
    const collection = await writeCollection('four.yaml');
    const args = [
      'run',
      '--collection',
      collection,
      '--from',
      folder.at('photos'),
      '--data',
      folder.at('data'),
      '--json',
    ];
    const funnel = JSON.parse(await run(args)) as Funnel;
    expectFunnelAddsUp(funnel);
    expect(funnel).toMatchObject({ totals: { fetched: 6, duplicates: 0 }, distinctPhotos: 3 });
    expect(await run(['status', '--collection', collection, '--data', folder.at('data')])).toContain(
      '\n3 distinct photos: some were found for several classes, and count in each.\n',
    );
    const [candidates, decisions, listed] = await Promise.all([
      query<CandidateLine>('candidates', collection, 'data'),
      query<DecisionLine>('decisions', collection, 'data'),
      query<ShortlistRow>('shortlist', collection, 'data'),
    ]);
    const lion = candidates.find((line) => line.wnid === LION)?.sha256;
    const classesOf = (lines: readonly { sha256: string | null; wnid: string }[]): string[] =>
      lines.filter((line) => line.sha256 === lion).map((line) => line.wnid);
    expect(classesOf(candidates)).toEqual([GOLDFISH, LION, DAISY]);
    expect(classesOf(decisions)).toEqual([GOLDFISH, LION, DAISY]);
    const states = Object.fromEntries(
      decisions.filter((line) => line.sha256 === lion).map((line) => [line.wnid, [line.state, line.confusion?.wnid]]),
    );
    expect(states).toEqual({
      [LION]: ['dropped', undefined],
      [GOLDFISH]: ['kept', LION],
      [DAISY]: ['kept', LION],
    });
    const alsoIn = listed.filter((row) => row.sha256 === lion).map((row) => [row.wnid, row.alsoIn]);
    expect(alsoIn).toEqual([
      [GOLDFISH, [DAISY]],
      [DAISY, [GOLDFISH]],
    ]);
  });

  it('decides again by a changed collection file, from stored evidence, as a new data folder would', async () => {
    const data = folder.at('data');
    const crops = (lines: readonly DecisionLine[]): number => lines.reduce((n, line) => n + line.crops.length, 0);
    const verdicts = (lines: readonly DecisionLine[]): unknown[] =>
      lines.map(({ sha256, wnid, state, confusion }) => ({ sha256, wnid, state, confusion: confusion?.wnid }));
    const first = await query<DecisionLine>('decisions', folder.at('four.yaml'), 'data');
    const strict = await writeCollection('strict/four.yaml', { threshold: 0.000001 });
    // Until a filter takes the changed rules, those of the catalogue count.
    expect(verdicts(await query<DecisionLine>('decisions', strict, 'data'))).toEqual(verdicts(first));
    await run(['filter', '--collection', strict, '--data', data]);
    const second = await query<DecisionLine>('decisions', strict, 'data');
    expect(verdicts(second)).not.toEqual(verdicts(first));
    expect(crops(second)).toBe(crops(first));
    await run(['run', '--collection', strict, '--from', folder.at('photos'), '--data', folder.at('fresh')]);
    expect(verdicts(second)).toEqual(verdicts(await query<DecisionLine>('decisions', strict, 'fresh')));
    await run(['filter', '--collection', folder.at('four.yaml'), '--data', data]);
    expect(verdicts(await query<DecisionLine>('decisions', folder.at('four.yaml'), 'data'))).toEqual(verdicts(first));
  });

  it('needs no --collection while there is one, and lists the commands to type once there are two', async () => {
    const at = ['--data', folder.at('data')];
    const status = await run(['status', ...at, '--json']);
    expect(JSON.parse(status)).toEqual(await funnelOf(folder.at('four.yaml'), 'data'));
    await run(['filter', '--collection', await writeCollection('second.yaml', { name: 'second' }), ...at]);
    const { code, stderr } = await winnow(['status', ...at]);
    expect(code).toBe(2);
    expect(stderr).toContain(`\n  winnow status ${at.join(' ')} --collection four\n`);
    expect(stderr).toContain(`\n  winnow status ${at.join(' ')} --collection second`);
  });
});

describe('rights and limits of a crawl', () => {
  it('carries licence, creator and page from labels.csv, and filters by the licences of the collection', async () => {
    const rows = [
      'file,wnid,license,creator,page_url,note',
      `${GOLDFISH}/goldfish.jpg,${GOLDFISH},CC-BY-4.0,"Ann, ""the"" photographer",https://example.org/1,`,
      `daisy.jpg,daisy,CC0-1.0,,,`,
      `daisy.jpg,${LION},,,,`,
    ];
    await mkdir(folder.at('labelled', GOLDFISH), { recursive: true });
    await cp(path.join(SAMPLES, 'n01443537/goldfish.jpg'), folder.at('labelled', GOLDFISH, 'goldfish.jpg'));
    await cp(path.join(SAMPLES, 'n11939491/white-balsam.jpg'), folder.at('labelled', 'daisy.jpg'));
    await writeFile(folder.at('labelled', 'labels.csv'), `\uFEFF${rows.join('\r\n')}\r\n`);
    const any = folder.at('four.yaml');
    await run(['crawl', '--collection', any, '--from', folder.at('labelled'), '--data', folder.at('rights')]);
    const candidates = await query<CandidateLine>('candidates', any, 'rights');
    expect(candidates.map(({ wnid, licence, creator, pageUrl }) => [wnid, licence, creator, pageUrl])).toEqual([
      [GOLDFISH, 'CC-BY-4.0', 'Ann, "the" photographer', 'https://example.org/1'],
      [LION, expect.any(String), null, null],
      [DAISY, 'CC0-1.0', null, null],
    ]);
    const free = await writeCollection('free.yaml', { name: 'free', licences: '[CC-BY-4.0]' });
    expect((await funnelOf(free, 'rights')).totals).toMatchObject({ found: 0 });
    await run(['crawl', '--collection', free, '--from', folder.at('labelled'), '--data', folder.at('rights')]);
    const funnel = await funnelOf(free, 'rights');
    expectFunnelAddsUp(funnel);
    expect(funnel.totals).toMatchObject({ found: 3, fetched: 1, dropped: { 'licence-not-allowed': 2 } });
  });

  it('takes no more than --limit of a class, and only the class that --class names', async () => {
    const args = ['--collection', folder.at('four.yaml'), '--from', folder.at('photos'), '--data', folder.at('limits')];
    const text = await run(['crawl', ...args, '--class', 'daisy', '--limit', '2']);
    expect(text).toContain('skipped 3 photos of other classes\nskipped 1 photo: their classes');
    const found = async (): Promise<string[]> =>
      (await query<CandidateLine>('candidates', folder.at('four.yaml'), 'limits')).map(
        (line) => `${line.wnid} ${line.state}`,
      );
    expect((await found()).filter((line) => line.endsWith('fetched'))).toEqual([
      `${DAISY} fetched`,
      `${DAISY} fetched`,
    ]);
    await run(['crawl', ...args]);
    expect((await found()).filter((line) => line.endsWith('fetched'))).toHaveLength(6);
  });
});
