import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../../src/core/kernel/errors.ts';
import type { FoundPhoto } from '../../../../../src/core/crawl/sources/source.ts';
import {
  discoverUrlList,
  discoverUrlListFile,
} from '../../../../../src/core/crawl/sources/url-list/discover-url-list.process.ts';
import { collect } from '../../../../support/collect.ts';
import { openFilesBelow, scratchFolder } from '../folder/scratch.ts';

const { signal } = new AbortController();

function listFile(name: string, content: string | Buffer): string {
  return path.join(scratchFolder({ [name]: content }), name);
}

const discover = (name: string, content: string | Buffer) =>
  collect(discoverUrlListFile(listFile(name, content), { signal }));

async function* streamOf(...chunks: (string | Uint8Array)[]) {
  yield* chunks;
}

const summary = (found: readonly FoundPhoto[]) =>
  found.map(({ url, label, problem }) => `${url} [${label}] ${problem?.detail ?? 'ok'}`);

const TWO = ['https://x/1.jpg [n7] ok', 'https://x/2.jpg [n8] ok'];

describe('a list of addresses', () => {
  it.each([
    ['a.csv', 'url,wnid\nhttps://x/1.jpg,n7\nhttps://x/2.jpg,n8\n'],
    ['a.CSV', '\ufeffWNID, Url ,caption\r\nn7,"https://x/1.jpg","a, ""b"""\r\n\r\nn8,https://x/2.jpg,\r\n'],
    ['a.tsv', 'url\twnid\tcreator\nhttps://x/1.jpg\tn7\t"never closed\nhttps://x/2.jpg\tn8\t5" pipe'],
    ['a.tab', '\ufeffurl\twnid\nhttps://x/1.jpg\tn7\nhttps://x/2.jpg\tn8'],
    ['a.jsonl', '{"url":"https://x/1.jpg","wnid":"n7"}\n\n{"wnid":"n8","url":"https://x/2.jpg"}'],
    ['a.ndjson', '\ufeff{"url":"https://x/1.jpg","wnid":"n7"}\r\n{"wnid":"n8","url":"https://x/2.jpg"}\r\n'],
  ])('is read from %s, plain, gzipped, and gzipped without .gz in its name', async (name, text) => {
    expect(summary(await discover(name, text))).toEqual(TWO);
    expect(summary(await discover(`${name}.gz`, gzipSync(text)))).toEqual(TWO);
    expect(summary(await discover(name, gzipSync(text)))).toEqual(TWO);
    expect(summary(await discover(`${name}.gz`, text))).toEqual(TWO);
  });

  it.each(['a.txt', 'a.txt.gz'])(
    'is read from lines of addresses, all of the class that is given: %s',
    async (name) => {
      const text = '\ufeffhttps://x/1.jpg\r\n\n# the others\n  https://x/2.jpg\nno address';
      const file = listFile(name, name.endsWith('.gz') ? gzipSync(text) : text);
      expect(summary(await collect(discoverUrlListFile(file, { signal, label: 'n7' })))).toEqual([
        'https://x/1.jpg [n7] ok',
        'https://x/2.jpg [n7] ok',
        expect.stringMatching(/^no address \[n7\] line 5 of a\.txt/),
      ]);
    },
  );

  it('is read from a stream with any chunks, if its format is given', async () => {
    const text = '\ufeffurl,wnid\nhttps://x/1.jpg,n7\nhttps://x/2.jpg,n8\n';
    for (const bytes of [Buffer.from(text), gzipSync(text)]) {
      const stream = streamOf(...[...bytes].map((byte) => Uint8Array.of(byte)));
      expect(summary(await collect(discoverUrlList(stream, { name: 'x', format: 'csv', signal })))).toEqual(TWO);
    }
  });

  it('may be empty', async () => {
    expect(await discover('a.csv', 'url,wnid\n')).toEqual([]);
    expect(await discover('a.jsonl', '')).toEqual([]);
  });
});

describe('unusable rows', () => {
  it('of a CSV list fail one by one with their line', async () => {
    const rows = [
      '"https://x/1.jpg",n1,"two\r\nlines"',
      '',
      'https://x/2.jpg,n1',
      'ftp://x/3.jpg,n1,',
      ',n1,',
      'https://u:p@x/4.jpg,n1,',
      'x.jpg,n1,',
      'https://x/5.jpg,,ok',
    ];
    const found = await discover('a.csv', `url,wnid,creator\r\n${rows.join('\r\n')}\r\n`);
    expect(found.map(({ problem }) => problem?.reason ?? 'ok')).toEqual([
      'ok',
      'unreadable',
      'scheme-refused',
      'unreadable',
      'address-refused',
      'unreadable',
      'ok',
    ]);
    expect(found.map(({ problem }) => /^line (\d+) of a\.csv: /.exec(problem?.detail ?? '')?.[1])).toEqual([
      undefined,
      '5',
      '6',
      '7',
      '8',
      '9',
      undefined,
    ]);
    expect(new Set(found.map(({ sourceId }) => sourceId)).size).toBe(found.length);
  });

  it('end the reading only after an unclosed quote', async () => {
    const found = await discover('a.csv', 'url,wnid\nhttps://x/1.jpg,n7\n"https://x/2.jpg,n8\nhttps://x/3.jpg,n9\n');
    expect(found.length).toBe(2);
    expect(found[1]?.problem?.detail).toContain('line 3 of a.csv');
    expect(found[1]?.problem?.detail).toContain('nothing from here on was read');
  });

  it.each(['a.csv.gz', 'a.jsonl.gz'])('end the reading at damaged compression, with a message: %s', async (name) => {
    const lines = Array.from({ length: 50_000 }, (_, i) =>
      name === 'a.csv.gz' ? `https://x/${i}.jpg,n7` : `{"url":"https://x/${i}.jpg","wnid":"n7"}`,
    );
    const whole = gzipSync(`${name === 'a.csv.gz' ? 'url,wnid\n' : ''}${lines.join('\n')}\n`);
    const cut = await discover(name, whole.subarray(0, whole.length / 2));
    expect(cut.at(-1)?.problem?.detail).toContain('damaged gzip (Z_BUF_ERROR');
    expect(cut.slice(0, -1).every(({ problem }) => problem === null)).toBe(true);
    expect(cut.length).toBeGreaterThan(10_000);
    const broken = Buffer.from(whole);
    broken.fill(0, whole.length / 2, whole.length / 2 + 100);
    expect((await discover(name, broken)).at(-1)?.problem?.detail).toContain('damaged gzip');
  });
});

describe('an unusable list', () => {
  it.each([
    ['a.csv', '', "without 'url' and 'wnid'"],
    ['a.csv', 'url;wnid\n', 'separated by commas'],
    ['a.tsv', 'url,wnid\n', 'separated by tabs'],
    ['a.csv', 'url,wnid,URL\n', 'received two'],
    ['a.csv', 'url,wnid,license,licence\n', 'received two'],
    ['a.csv', Buffer.from('\ufeffurl,wnid\n', 'utf16le'), 'UTF-16'],
    ['a.jsonl', Buffer.from('\ufeff{}\n', 'utf16le'), 'UTF-16'],
    ['a.csv.gz', gzipSync(Buffer.from('\ufeffurl,wnid\n', 'utf16le')), 'UTF-16'],
    ['a.csv', Buffer.from('ffd8ffe000104a46494600010100', 'hex'), 'line 1'],
    ['a.csv', 'x'.repeat(2_000_000), 'Max Record Size'],
    ['a.csv.gz', Buffer.from('1f8b0800000000', 'hex'), 'damaged gzip'],
    ['a.csv.gz', Buffer.from('1f8bffffffffffffffff', 'hex'), 'damaged gzip'],
    ['a.txt', 'https://x/1.jpg\n', '.csv, .tsv or .jsonl'],
    ['a.json', '[]', '.csv, .tsv or .jsonl'],
  ])('is refused with its name, before anything is yielded: %s %#', async (name, content, message) => {
    const file = listFile(name, content);
    await expect(discoverUrlListFile(file, { signal }).next()).rejects.toThrow(UsageError);
    await expect(discover(name, content)).rejects.toThrow(message);
    await expect(discover(name, content)).rejects.toThrow(name);
    await expect.poll(() => openFilesBelow(path.dirname(file))).toEqual([]);
  });

  it('is refused if it does not exist or is a directory', async () => {
    const missing = path.join(path.dirname(listFile('a.csv', '')), 'b.csv');
    await expect(discoverUrlListFile(missing, { signal }).next()).rejects.toThrow(`${missing} but received ENOENT`);
    const dir = path.dirname(missing);
    await expect(discoverUrlListFile(dir, { signal, format: 'csv' }).next()).rejects.toThrow('received a directory');
  });
});

describe('stopping', () => {
  const MANY = `url,wnid\n${Array.from({ length: 200_000 }, (_, i) => `https://x/${i}.jpg,n7`).join('\n')}\n`;

  it.each(['a.csv', 'a.csv.gz', 'a.jsonl'])(
    'by the signal rejects with its reason and closes the file: %s',
    async (name) => {
      const text = name === 'a.jsonl' ? '{"url":"https://x/1.jpg","wnid":"n7"}\n'.repeat(100_000) : MANY;
      const file = listFile(name, name.endsWith('.gz') ? gzipSync(text) : text);
      const controller = new AbortController();
      const photos = discoverUrlListFile(file, { signal: controller.signal });
      await photos.next();
      controller.abort(new Error('Ctrl-C'));
      await expect(collect(photos)).rejects.toThrow('Ctrl-C');
      await expect.poll(() => openFilesBelow(path.dirname(file))).toEqual([]);
    },
  );

  it.each(['csv', 'jsonl'] as const)('by the signal does not wait for a silent stream: %s', async (format) => {
    const stream = new PassThrough();
    const controller = new AbortController();
    const photos = collect(discoverUrlList(stream, { name: 'standard input', format, signal: controller.signal }));
    stream.write('url,wnid\nhttps://x/1.jpg,n7\n');
    setTimeout(() => controller.abort(new Error('Ctrl-C')), 50);
    await expect(photos).rejects.toThrow('Ctrl-C');
    expect(stream.destroyed).toBe(true);
  });
});

it.each(['a.csv.bz2', 'csv', ''])('refuses the list %j, whose name tells no format', async (name) => {
  await expect(collect(discoverUrlList(Readable.from([]), { name, signal }))).rejects.toMatchObject({
    code: 'url-list-format',
  });
});

it('tells the format by the end of the name, in capitals too', async () => {
  const lines = Readable.from(['url\twnid\nhttps://example.org/1.jpg\tn01440764\n']);
  expect(await collect(discoverUrlList(lines, { name: '/x.jsonl/A.TSV', signal }))).toHaveLength(1);
});
