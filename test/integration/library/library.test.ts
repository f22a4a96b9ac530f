import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openWinnow, UsageError, verifyExport, type OpenOptions, type Progress } from '../../../src/library/library.ts';
import { packageRoot } from '../../../src/config/root.ts';
import { createDatabase, dropDatabase } from '../../support/database.ts';
import { ONE_MODEL } from '../../support/one-model.ts';
import { testFolder } from '../../support/test-app.ts';

const CHURCH = 'n03028079';

/** One photo that the model takes for something else, and one that it knows. */
async function photosIn(folder: string): Promise<string> {
  const from = path.join(folder, 'photos');
  await mkdir(from);
  const demo = path.join(packageRoot, 'assets/demo/photos');
  await copyFile(path.join(demo, CHURCH, 'notre-dame-at-night.webp'), path.join(from, 'church.webp'));
  await copyFile(path.join(demo, 'n01443537/goldfish.jpg'), path.join(from, 'fish.jpg'));
  await writeFile(
    path.join(from, 'labels.csv'),
    `file,wnid,licence,creator\nchurch.webp,${CHURCH},CC0-1.0,Ana\nfish.jpg,n01443537,CC0-1.0,Ana\n`,
  );
  return from;
}

async function optionsIn(folder: string): Promise<OpenOptions> {
  const url = await createDatabase('template');
  onTestFinished(() => dropDatabase(url));
  const settings = { 'postgres.url': url, 'filter.threads': 1 };
  return { data: path.join(folder, 'data'), collection: ONE_MODEL, settings };
}

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const list: Row[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

it('a program goes from a folder to a verified export', async () => {
  const folder = await testFolder();
  const from = await photosIn(folder);
  const winnow = await openWinnow({ ...(await optionsIn(folder)), create: true });
  try {
    const told: Progress[] = [];
    const { crawl, filter } = await winnow.run({ from, onProgress: (progress) => told.push(progress) });
    expect(crawl).toMatchObject({ newPictures: 2, fetched: 2, left: 0, problems: [] });
    expect(filter).toMatchObject({ kept: 1, dropped: 1, left: 0 });
    expect(told).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ what: 'folder', done: 2, total: 2 }),
        expect.objectContaining({ what: 'filter', done: 2, total: 2 }),
      ]),
    );
    expect(await all(winnow.candidates({ class: [CHURCH] }))).toMatchObject([{ state: 'fetched', creator: 'Ana' }]);
    const [kept] = await all(winnow.decisions({ state: 'kept' }));
    expect(kept).toMatchObject({ wnid: CHURCH, crops: expect.objectContaining({ length: 10 }) });
    const sha256 = kept?.sha256 ?? '';
    expect(await all(winnow.shortlist())).toMatchObject([{ sha256, rank: 1, source: 'folder' }]);

    const verdicts = path.join(folder, 'verdicts.csv');
    await writeFile(verdicts, `sha256,wnid,verdict,reviewer\n${sha256},${CHURCH},accept,ana\n`);
    expect(await winnow.importVerdicts(verdicts)).toMatchObject({ imported: 1, conflicts: [] });
    expect(await all(winnow.verdicts({ state: 'accepted' }))).toMatchObject([{ sha256, counts: true }]);
    expect((await winnow.status()).totals).toMatchObject({ found: 2, selected: 1 });

    const exported = await winnow.export({ out: path.join(folder, 'export') });
    expect(exported).toMatchObject({ photos: 1, classes: 1 });
    expect(await verifyExport(exported.path, { sample: 0 })).toMatchObject({ ok: true, photos: 1 });
  } finally {
    await winnow.close();
  }
});

it('a program gets the errors of the commands, and can stop the work', async () => {
  const folder = await testFolder();
  const options = await optionsIn(folder);
  await expect(openWinnow({ data: path.join(folder, 'none'), collection: ONE_MODEL })).rejects.toMatchObject({
    code: 'no-data',
  });
  await expect(openWinnow({ ...options, settings: { 'filter.thread': 1 } })).rejects.toThrow(
    /Unknown setting 'filter.thread' in 'settings'. Did you mean 'filter.threads'\?/,
  );
  const winnow = await openWinnow(options);
  try {
    expect(() => winnow.decisions({ state: 'keep' })).toThrow(UsageError);
    expect(() => winnow.candidates({ source: 'floder' })).toThrow(/Expected a source out of .* but received 'floder'/);
    await expect(all(winnow.verdicts({ class: ['nonsense'] }))).rejects.toMatchObject({ code: 'unknown-class' });
    await expect(winnow.filter({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'interrupted' });
    await expect(winnow.makeShortlist({ cap: 0 })).rejects.toMatchObject({ code: 'bad-cap' });
  } finally {
    await winnow.close();
  }
});
