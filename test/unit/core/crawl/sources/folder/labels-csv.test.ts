import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../../../src/core/kernel/errors.ts';
import { labelRules, readRow } from '../../../../../../src/core/crawl/sources/folder/labels-csv.ts';
import { listRow, readColumns } from '../../../../../../src/core/crawl/sources/list-columns.ts';

const rules = { ...labelRules('/data/labels.csv'), unusable: () => expect.unreachable() };
const header = (line: string) => readColumns(line.split(','), rules);
const row = (columns: string, cells: readonly string[]) =>
  readRow(listRow({ line: 2, cells, error: null }, header(columns)));
const listed = (file: string) => row('file,wnid', [file, 'n02129165']);

describe('the header of labels.csv', () => {
  it.each(['file,wnid', ' File , WNID ', 'name,wnid,truth,file', 'file,wnid,licence,Creator,page_url,pageURLs'])(
    'takes %j',
    (line) => {
      expect(header(line).count).toBe(line.split(',').length);
    },
  );

  it.each([
    ['wnid,path', "without 'file'"],
    ['file', "without 'wnid'"],
    ['', "without 'file' and 'wnid'"],
    ['file;wnid', 'received "file;wnid"'],
  ])('refuses %j with the file, the line and the expected columns', (line, message) => {
    expect(() => header(line)).toThrow(UsageError);
    expect(() => header(line)).toThrow(message);
    expect(() => header(line)).toThrow("'file' and 'wnid', separated by commas, in line 1 of /data/labels.csv");
  });
});

describe('readRow', () => {
  it('reads class and rights, and normalises the licence', () => {
    const columns = 'creator,file,truth,wnid,license,pageUrl,taken_at';
    const cells = [' Ann ', 'a/b.jpg', 'x', ' n1 ', 'cc by 4.0', 'https://example.com/p/1', '2019-05-01'];
    expect(row(columns, cells)).toEqual({
      relative: 'a/b.jpg',
      label: 'n1',
      rights: {
        licence: 'CC-BY-4.0',
        licenceUrl: 'https://creativecommons.org/licenses/by/4.0/',
        creator: 'Ann',
        pageUrl: 'https://example.com/p/1',
        takenAt: '2019-05-01',
        uploadedAt: null,
      },
      problem: null,
    });
  });

  it.each([
    ['./a/b.jpg', 'a/b.jpg'],
    ['a//./b.jpg', 'a/b.jpg'],
    [' a .jpg ', ' a .jpg '],
    ['a\\b.jpg', 'a\\b.jpg'],
    ['..a/b...jpg', '..a/b...jpg'],
  ])('reads the path %j as %j', (file, relative) => {
    expect(listed(file)).toMatchObject({ relative, problem: null });
  });

  it.each(['/etc/passwd', '../a.jpg', 'a/../b.jpg', 'a/b/..', '..', '//a.jpg'])(
    'drops %j as outside the folder without accessing the disk',
    (file) => {
      expect(listed(file)).toMatchObject({ relative: file, problem: { state: 'dropped', reason: 'outside-folder' } });
    },
  );

  it.each(['', '   '])('fails a row without a file (%j)', (file) => {
    expect(listed(file)).toMatchObject({ relative: null, label: 'n02129165', problem: { reason: 'unreadable' } });
  });

  it.each(['.', './', 'a\0.jpg'])('fails a row whose path cannot name a file (%j)', (file) => {
    expect(listed(file)).toMatchObject({ problem: { state: 'failed', reason: 'unreadable' } });
  });

  it.each([[['a.jpg']], [['a.jpg', 'n1', 'x']], [[]]])(
    'uses no cell of a row with a wrong number of cells (%j)',
    (cells) => {
      expect(row('file,wnid', cells)).toMatchObject({ relative: null, label: '', problem: { reason: 'unreadable' } });
    },
  );

  it('shows bytes that are not UTF-8 as escapes, but keeps them in the path', () => {
    expect(row('file,wnid,creator', ['caf\xe9.jpg', 'n1', 'Ren\xe9'])).toMatchObject({
      relative: 'caf\xe9.jpg',
      rights: { creator: String.raw`Ren\xe9` },
    });
  });
});
