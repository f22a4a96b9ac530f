import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../../../src/core/kernel/errors.ts';
import { TsvReader } from '../../../../../../src/core/crawl/sources/open-data/tsv.ts';

function readerOf(...names: string[]): TsvReader {
  return new TsvReader({ file: 'taxa.csv.gz', names });
}

function readAll(reader: TsvReader, text: string, pieceLength = text.length): string[][] {
  const rows: (readonly string[])[] = [];
  for (let i = 0; i < text.length; i += pieceLength) rows.push(...reader.push(text.slice(i, i + pieceLength)));
  return [...rows, ...reader.end()].map((row) => [...row]);
}

describe('TsvReader', () => {
  it('finds columns by the header, in any order and number', () => {
    expect(readAll(readerOf('name', 'id'), 'id\tnew\tname\n1\tx\tAnura\n2\t\t\n')).toEqual([
      ['Anura', '1'],
      ['', '2'],
    ]);
  });

  it('reads quotes as ordinary characters', () => {
    const text = 'id\tname\n1\t"Bob" O\'Neil\n2\t"\n3\tend"\n';
    expect(readAll(readerOf('name'), text)).toEqual([[`"Bob" O'Neil`], ['"'], ['end"']]);
  });

  it.each([1, 2, 3, 7, 1000])('reads the same rows in pieces of %d characters', (pieceLength) => {
    const text = '\u{FEFF}id\tname\r\n1\tá é\r\n\r\n2\t😀\r\n3\tlast';
    expect(readAll(readerOf('id', 'name'), text, pieceLength)).toEqual([
      ['1', 'á é'],
      ['2', '😀'],
      ['3', 'last'],
    ]);
  });

  it('counts rows with too many or too few cells, but accepts rows that lack only unwanted cells', () => {
    const reader = readerOf('id', 'name');
    expect(readAll(reader, 'id\tname\tscore\n1\ta\n2\n3\tb\t\t\n4\tc\t1\n')).toEqual([
      ['1', 'a'],
      ['4', 'c'],
    ]);
    expect([reader.rows, Object.fromEntries(reader.malformed)]).toEqual([4, { columns: 2 }]);
  });

  it.each([100, 20_000, 1_000_000])('skips a line without end in pieces of %d, and continues after it', (length) => {
    const reader = readerOf('id');
    expect(readAll(reader, `id\n1\n${'x'.repeat(500_000)}\n2\n`, length)).toEqual([['1'], ['2']]);
    expect([reader.rows, Object.fromEntries(reader.malformed)]).toEqual([3, { 'line-too-long': 1 }]);
  });

  it.each(['', 'id;name\n', '<html>\n', '\n', 'id\n', 'id'])("refuses a file that begins with '%s'", (text) => {
    expect(() => readAll(readerOf('id', 'name'), text)).toThrow(UsageError);
  });

  it('reads a file with only a header as empty', () => {
    expect(readAll(readerOf('id'), 'id')).toEqual([]);
    expect(readAll(readerOf('id'), 'id\r\n')).toEqual([]);
  });
});
