import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../../src/core/kernel/errors.ts';
import { discoverFolder } from '../../../../../src/core/crawl/sources/folder/discover-folder.process.ts';
import { discover, openFilesBelow, pathOf, scratchFolder, summary } from './scratch.ts';

const SAMPLES = fileURLToPath(new URL('../../../../fixtures/samples', import.meta.url));
const { signal } = new AbortController();

/** Makes a folder with a.jpg, b.jpg and c.jpg in n1/ and this labels.csv. */
function labelled(csv: string | Buffer, files: Readonly<Record<string, string>> = {}): string {
  return scratchFolder({ 'n1/a.jpg': 'a', 'n1/b.jpg': 'b', 'n1/c.jpg': 'c', ...files, 'labels.csv': csv });
}

describe('discoverFolder with labels.csv', () => {
  it('finds every sample photo with its rights and the hash that labels.csv itself contains', async () => {
    const found = await discover(SAMPLES);
    expect([found.length, found.filter(({ problem }) => problem !== null)]).toEqual([321, []]);
    expect(found[0]).toEqual({
      source: 'folder',
      sourceId: 'photos/n01440764/axillary-seabream.jpg@b99c3a4f7d8d078c',
      label: 'n01440764',
      url: pathToFileURL(join(SAMPLES, 'photos/n01440764/axillary-seabream.jpg')).href,
      pageUrl: null,
      creator: 'Stefano Guerrieri',
      licence: 'Public-Domain',
      licenceUrl: null,
      takenAt: null,
      uploadedAt: null,
      problem: null,
    });
    const licences = new Set(found.map(({ licence }) => licence));
    expect([...licences]).toContain('GPL-2.0-or-later OR GFDL OR CC-BY-SA');
    expect([...licences]).not.toContain('unknown');
  });

  it('keeps the order of the rows and ignores files that are not listed', async () => {
    const dir = labelled('wnid,file\nn9,n1/c.jpg\nn8,n1/a.jpg\n');
    expect(summary(await discover(dir))).toEqual(['n1/c.jpg [n9] ok', 'n1/a.jpg [n8] ok']);
  });

  it('yields a file once for each of its classes, with the rights of the first row', async () => {
    const rows = ['n1/a.jpg,n7,CC0', './n1//a.jpg,n7,MIT', 'n1/a.jpg,n8,MIT', 'n1/a.jpg,n7,CC0'];
    const found = await discover(labelled(`file,wnid,license\n${rows.join('\n')}\n`));
    expect(found.map(({ label, licence }) => `${label} ${licence}`)).toEqual(['n7 CC0-1.0', 'n8 MIT']);
    expect(new Set(found.map(({ sourceId }) => sourceId)).size).toBe(1);
  });
});

describe('unusable rows of labels.csv', () => {
  it('fail one by one with their line, and the others are read', async () => {
    const rows = [
      'n1/a.jpg,n7,"two\r\nlines"',
      '',
      'n1/missing.jpg,n7,x',
      ',n7,x',
      'n1/b.jpg,n7',
      'n1/b.jpg,n7,x,y',
      'n1,n7,x',
      '"n1/b".jpg,n7,x',
      'n1/b.jpg,n7,a "nick" b',
    ];
    const dir = labelled(`file,wnid,creator\r\n${rows.join('\r\n')}\r\n`);
    const found = await discover(dir);
    expect(found.map((photo) => `${pathOf(photo)}: ${photo.problem?.detail ?? 'ok'}`)).toEqual([
      'n1/a.jpg: ok',
      'n1/missing.jpg: line 5 of labels.csv: ENOENT: no such file or directory',
      'labels.csv:6: line 6 of labels.csv: expected a path for file but received nothing',
      'labels.csv:7: line 7 of labels.csv: expected 3 cells, as in the header, but received 2',
      'labels.csv:8: line 8 of labels.csv: expected 3 cells, as in the header, but received 4',
      'n1: line 9 of labels.csv: is a directory, not a regular file',
      expect.stringContaining('line 10 of labels.csv: ENOENT'),
      'n1/b.jpg: ok',
    ]);
    for (const photo of found.filter(({ problem }) => problem !== null)) {
      expect(photo).toMatchObject({
        sourceId: `${pathOf(photo)}@-`,
        problem: { state: 'failed', reason: 'unreadable' },
      });
    }
  });

  it('are outside the folder by their path or by a link, and no URL leads there', async () => {
    const dir = labelled(
      'file,wnid\n/etc/passwd,n7\n../secret.jpg,n7\nn1/../../secret.jpg,n7\nn1/link.jpg,n7\nout/secret.jpg,n7\n',
    );
    writeFileSync(join(dir, '../secret.jpg'), 'secret');
    symlinkSync('../../secret.jpg', join(dir, 'n1/link.jpg'));
    symlinkSync('..', join(dir, 'out'));
    const found = await discover(dir);
    expect(found.map(({ problem }) => problem?.reason)).toEqual(Array.from({ length: 5 }, () => 'outside-folder'));
    for (const { url, sourceId } of found) {
      expect(fileURLToPath(url).startsWith(`${dir}/`)).toBe(true);
      expect(sourceId.endsWith('@-')).toBe(true);
    }
  });
});

describe('an unusable labels.csv', () => {
  it.each([
    ['empty', '', "without 'file' and 'wnid'"],
    ['without the columns', 'path,class\nn1/a.jpg,n7\n', "without 'file' and 'wnid'"],
    ['with semicolons', 'file;wnid\nn1/a.jpg;n7\n', 'separated by commas'],
    ['UTF-16', Buffer.from('\ufefffile,wnid\n', 'utf16le'), 'UTF-16'],
    ['a picture', Buffer.from('ffd8ffe000104a46494600010100', 'hex'), 'line 1'],
    ['one open quote', '"file,wnid\nn1/a.jpg,n7\n', 'Quote Not Closed'],
    ['a row without end', 'x'.repeat(2_000_000), 'Max Record Size'],
  ])('is refused with its name, before anything is yielded, if it is %s', async (_, csv, message) => {
    const dir = labelled(csv);
    await expect(discoverFolder(dir, { signal }).next()).rejects.toThrow(UsageError);
    await expect(discover(dir)).rejects.toThrow(message);
    await expect(discover(dir)).rejects.toThrow(join(dir, 'labels.csv'));
    await expect.poll(() => openFilesBelow(dir)).toEqual([]);
  });

  it.each([
    ['a directory', (path: string) => mkdirSync(path), 'received a directory'],
    ['a FIFO', (path: string) => execFileSync('mkfifo', [path]), 'received a FIFO'],
    ['a broken link', (path: string) => symlinkSync('nowhere', path), 'ENOENT'],
    ['a link to a list outside', (path: string) => symlinkSync(`${SAMPLES}/labels.csv`, path), 'outside the folder'],
  ])('is refused if it is %s', async (_, make, message) => {
    const dir = scratchFolder();
    make(join(dir, 'labels.csv'));
    await expect(discoverFolder(dir, { signal }).next()).rejects.toThrow(UsageError);
    await expect(discover(dir)).rejects.toThrow(message);
  });
});

describe('stopping while labels.csv is read', () => {
  it('closes it and every photo', async () => {
    const dir = labelled(`file,wnid\n${Array.from({ length: 50_000 }, (_, index) => `n1/a.jpg,n${index}`).join('\n')}`);
    for await (const _ of discoverFolder(dir, { signal })) break;
    await expect.poll(() => openFilesBelow(dir)).toEqual([]);
    const controller = new AbortController();
    const photos = discoverFolder(dir, { signal: controller.signal });
    await photos.next();
    controller.abort(new Error('Ctrl-C'));
    await expect(async () => {
      for await (const _ of photos);
    }).rejects.toThrow('Ctrl-C');
    await expect.poll(() => openFilesBelow(dir)).toEqual([]);
  });
});
