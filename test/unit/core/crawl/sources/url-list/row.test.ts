import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unreadRow } from '../../../../../../src/core/crawl/sources/list-columns.ts';
import { readJsonRow, photoOfRow } from '../../../../../../src/core/crawl/sources/url-list/row.ts';
import { urlListLines } from '../../../../../../src/core/crawl/sources/url-list/lines.ts';

const photo = (values: Readonly<Record<string, string>>) =>
  photoOfRow({ line: 7, content: '', error: null, values: new Map(Object.entries(values)) }, 'list.csv');

describe('photoOfRow', () => {
  it('reads address, class and rights', () => {
    const values = {
      url: 'https://X/1.jpg#top',
      wnid: ' n1 ',
      licence: 'cc by 4.0',
      creator: ' Ann ',
      pageUrl: 'https://x/p',
      takenAt: '2019-05-01 12:00',
      uploadedAt: '3019-05-01',
    };
    expect(photo(values)).toEqual({
      source: 'urls',
      sourceId: createHash('sha256').update('https://x/1.jpg').digest('hex').slice(0, 32),
      label: 'n1',
      url: 'https://x/1.jpg',
      pageUrl: 'https://x/p',
      creator: 'Ann',
      licence: 'CC-BY-4.0',
      licenceUrl: 'https://creativecommons.org/licenses/by/4.0/',
      takenAt: '2019-05-01',
      uploadedAt: null,
      problem: null,
    });
  });

  it('states the line of an unusable address', () => {
    expect(photo({ url: 'ftp://x/1.jpg', wnid: 'n1' })).toMatchObject({
      label: 'n1',
      problem: {
        state: 'failed',
        reason: 'scheme-refused',
        detail: "line 7 of list.csv: expected an http or https address but received 'ftp://x/1.jpg'",
      },
    });
  });

  it('refuses an address with bytes that are not UTF-8', () => {
    expect(photo({ url: 'https://x/caf\u{FFFD}.jpg', wnid: 'n1' })).toMatchObject({
      problem: { reason: 'unreadable' },
    });
    expect(photo({ url: 'https://x/1.jpg', wnid: 'n1', creator: 'Ren\u{FFFD}' })).toMatchObject({
      creator: 'Ren\u{FFFD}',
      problem: null,
    });
  });

  it('refuses a class that is too long for a key of the catalogue', () => {
    expect(photo({ url: 'https://x/1.jpg', wnid: 'n'.repeat(201) })).toMatchObject({
      label: '',
      problem: { reason: 'unreadable', detail: expect.stringContaining('line 7 of list.csv: expected a class') },
    });
  });

  it('identifies unread rows by list, line and content', () => {
    const idOf = (line: number, content: string, list = 'a.csv') =>
      photoOfRow(unreadRow(line, content, 'x'), list).sourceId;
    expect(idOf(3, 'x')).toMatch(/^a\.csv:3@[0-9a-f]{16}$/);
    expect(new Set([idOf(3, 'x'), idOf(4, 'x'), idOf(3, 'y'), idOf(3, 'x', 'b.csv')]).size).toBe(4);
    expect(idOf(3, 'x', 'x'.repeat(5_000)).length).toBeLessThan(150);
  });
});

describe('readJsonRow', () => {
  it('reads keys by the column names, in any case, numbers as text and null as missing', () => {
    const text =
      '{"URL":"https://x","Wnid":17,"license":"CC0","page_url":"https://x/p","creator":null,"TEXT":{"a":[1]}}';
    const row = readJsonRow(text, 3);
    expect([row?.line, row?.error]).toEqual([3, null]);
    const values = { url: 'https://x', wnid: '17', licence: 'CC0', pageUrl: 'https://x/p' };
    expect(Object.fromEntries(row?.values ?? [])).toEqual(values);
  });

  it.each(['', '  ', '\t'])('skips the blank line %j', (text) => {
    expect(readJsonRow(text, 1)).toBeNull();
  });

  it.each([
    ['{"url":', 'received no JSON'],
    ['["https://x"]', 'received ["https://x"]'],
    ['null', 'received null'],
    ['7', 'received 7'],
    ['{"url":"https://x"}', "none for 'wnid'"],
    ['{}', "none for 'url' and 'wnid'"],
    ['{"url":null,"wnid":"n1"}', "none for 'url'"],
    ['{"url":["https://x"],"wnid":"n1"}', `expected text for 'url' but received ["https://x"]`],
    ['{"url":"https://x","wnid":"n1","creator":true}', "expected text for 'creator'"],
    ['{"url":"https://x","wnid":"n1","license":"a","licence":"b"}', "one key for 'licence'"],
  ])('says why %s is not valid', (text, error) => {
    expect(readJsonRow(text, 1)).toMatchObject({ line: 1, content: text, error: expect.stringContaining(error) });
  });
});

describe('linesOf', () => {
  async function* chunks(parts: readonly (string | number[])[]) {
    for (const part of parts) yield Buffer.from(part as string);
  }
  const read = async (parts: readonly (string | number[])[], maxBytes = 100) => {
    const lines: string[] = [];
    for await (const { line, text, isTooLong } of urlListLines(chunks(parts), maxBytes))
      lines.push(`${line}:${text}${isTooLong ? '!' : ''}`);
    return lines;
  };

  it.each([
    [[], []],
    [['\n'], ['1:']],
    [['a\nb'], ['1:a', '2:b']],
    [['a\r\nb\r\n'], ['1:a', '2:b']],
    [
      ['a', 'b\n', '\n', 'c'],
      ['1:ab', '2:', '3:c'],
    ],
    [
      ['a\r', '\nb'],
      ['1:a', '2:b'],
    ],
    [[[0xc3], [0xbc, 0x0a]], ['1:ü']],
    [[[0xff, 0x0a]], ['1:\u{FFFD}']],
    [['a\u2028b\n'], ['1:a\u2028b']],
  ])('cuts %j into %j', async (parts, lines) => {
    expect(await read(parts as (string | number[])[])).toEqual(lines);
  });

  it('keeps only the allowed length of a line, and continues after it', async () => {
    expect(await read(['12345', '67890', '\nab\n'], 5)).toEqual(['1:12345!', '2:ab']);
    expect(await read(['12345\n'], 5)).toEqual(['1:12345']);
    expect(await read(['123456'], 5)).toEqual(['1:12345!']);
  });
});
