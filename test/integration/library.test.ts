import { mkdir, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { expect, it, onTestFinished } from 'vitest';
import { openWinnow, UsageError, verifyExport, type OpenOptions, type Progress } from '../../src/index.ts';
import { createDatabase, dropDatabase } from '../support/database.ts';
import { addNanModel } from '../support/nan-model.ts';
import { testFolder } from '../support/test-app.ts';

const CLASSES = ['red', 'green', 'blue', 'bright-thing', 'dark-thing'];

/** Options for a program that works in a folder with a model of a few kilobytes. */
async function optionsIn(folder: string): Promise<OpenOptions> {
  await addNanModel(folder);
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => process.chdir(before));
  const five = { name: 'five', ensemble: ['five-nan-if-dark'], classes: CLASSES.map((wnid) => ({ wnid, name: wnid })) };
  await writeFile('five.yaml', JSON.stringify(five));
  const url = await createDatabase('template');
  onTestFinished(() => dropDatabase(url));
  return { collection: 'five.yaml', settings: { 'postgres.url': url, 'filter.threads': 1 } };
}

/** A bright picture for `blue`, which the model takes for a bright thing, and one that it knows. */
async function paintPhotos(): Promise<void> {
  await mkdir('photos');
  await writeFile(
    'photos/labels.csv',
    'file,wnid,licence,creator\nwrong.png,blue,CC0-1.0,Ana\nright.png,bright-thing,CC0-1.0,Ana\n',
  );
  for (const [name, level] of [['wrong', 200] as const, ['right', 205] as const])
    await sharp({ create: { width: 120, height: 40, channels: 3, background: { r: level, g: level, b: level } } })
      .png()
      .toFile(`photos/${name}.png`);
}

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const list: Row[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

it('a program goes from a folder to a verified export', async () => {
  const folder = await testFolder();
  const winnow = await openWinnow({ ...(await optionsIn(folder)), create: true });
  await paintPhotos();
  try {
    const told: Progress[] = [];
    const { crawl, filter } = await winnow.run({ from: 'photos', onProgress: (progress) => told.push(progress) });
    expect(crawl).toMatchObject({ newPictures: 2, fetched: 2, left: 0, problems: [] });
    expect(filter).toMatchObject({ kept: 1, dropped: 1, left: 0 });
    expect(told).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ what: 'folder', done: 2, total: 2 }),
        expect.objectContaining({ what: 'filter', done: 2, total: 2 }),
      ]),
    );
    expect(await all(winnow.candidates({ class: ['blue'] }))).toMatchObject([{ state: 'fetched', creator: 'Ana' }]);
    const [kept] = await all(winnow.decisions({ state: 'kept' }));
    expect(kept).toMatchObject({ wnid: 'blue', crops: expect.objectContaining({ length: 10 }) });
    const sha256 = kept?.sha256 ?? '';
    expect(await all(winnow.shortlist())).toMatchObject([{ sha256, rank: 1, source: 'folder' }]);

    await writeFile('verdicts.csv', `sha256,wnid,verdict,reviewer\n${sha256},blue,accept,ana\n`);
    expect(await winnow.importVerdicts('verdicts.csv')).toMatchObject({ imported: 1, conflicts: [] });
    expect(await all(winnow.verdicts({ state: 'accepted' }))).toMatchObject([{ sha256, counts: true }]);
    expect((await winnow.status()).totals).toMatchObject({ found: 2, selected: 1 });

    for (const useless of [{ by: 'predicted' }, { pixels: false, keepMetadata: true }] as const)
      await expect(winnow.export({ out: 'export', ...useless })).rejects.toMatchObject({ code: 'export-options' });
    const exported = await winnow.export({ out: 'export' });
    expect(exported).toMatchObject({ photos: 1, classes: 1 });
    expect(await verifyExport(exported.path, { sample: 0 })).toMatchObject({ ok: true, photos: 1 });

    expect(await Promise.all([winnow.filter(), winnow.filter()])).toMatchObject([{ left: 0 }, { left: 0 }]);
    // It is never read to its end: closing ends it.
    await winnow.candidates().next();
  } finally {
    await winnow.close();
  }
});

it('a program gets the errors of the commands, and can stop the work', async () => {
  const folder = await testFolder();
  const options = await optionsIn(folder);
  await expect(openWinnow({ data: 'none', collection: 'five.yaml' })).rejects.toMatchObject({ code: 'no-data' });
  await expect(openWinnow({ ...options, settings: { 'filter.thread': 1 } })).rejects.toThrow(
    /Unknown setting 'filter.thread' in 'settings'. Did you mean 'filter.threads'\?/,
  );
  const winnow = await openWinnow(options);
  try {
    // @ts-expect-error: a program without types may give anything
    await expect(all(winnow.decisions({ state: 'keep' }))).rejects.toBeInstanceOf(UsageError);
    await expect(all(winnow.candidates({ source: 'floder' }))).rejects.toThrow(
      /Expected a source out of .* but received 'floder'/,
    );
    await expect(all(winnow.verdicts({ class: ['nonsense'] }))).rejects.toMatchObject({ code: 'unknown-class' });
    await expect(winnow.run({ source: ['floder'] })).rejects.toBeInstanceOf(UsageError);
    await expect(winnow.filter({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'interrupted' });
    await expect(winnow.makeShortlist({ cap: 0 })).rejects.toMatchObject({
      code: 'bad-cap',
      message: "Expected a whole number from 1 to 999999999 for 'cap' but received 0",
    });
    // @ts-expect-error: a program without types may give anything
    await expect(winnow.export({ out: 'export', format: ['coco', 'coc'] })).rejects.toMatchObject({
      code: 'bad-format',
      message: "Expected one of webdataset, coco, parquet for 'format' but received 'coc'",
    });
    // @ts-expect-error: a program without types may give anything
    await expect(winnow.export({ out: 'export', hardLinks: 'yes' })).rejects.toMatchObject({ code: 'bad-hard-links' });
  } finally {
    await winnow.close();
  }
});

it('close() ends a stage that runs and a list that is read, and each call then answers that it is closed', async () => {
  const folder = await testFolder();
  const winnow = await openWinnow({ ...(await optionsIn(folder)), create: true });
  await paintPhotos();
  let begun = (): void => undefined;
  const running = new Promise<void>((resolve) => (begun = resolve));
  const run = winnow.run({ from: 'photos', onProgress: () => begun() });
  const queued = winnow.filter();
  const ended = Promise.allSettled([run, queued]);
  await running;
  await Promise.all([winnow.close(), winnow.close()]);
  const closed = { status: 'rejected', reason: expect.objectContaining({ code: 'closed' }) };
  expect(await ended).toMatchObject([closed, closed]);
  await expect(winnow.status()).rejects.toMatchObject({ code: 'closed' });
  await expect(winnow.run({ from: 'photos' })).rejects.toMatchObject({ code: 'closed' });
  await expect(all(winnow.candidates())).rejects.toMatchObject({ code: 'closed' });

  const again = await openWinnow(await optionsIn(folder));
  await again.close();
});
