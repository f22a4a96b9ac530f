import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CandidateLine } from '../../src/status/candidate-list.repository.ts';
import { flickrPhotos, startFlickrSite, type FlickrSite } from '../support/sites/flickr-site.ts';
import { jsonLines, setFlags, winnow, withFolder, type CommandResult } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const GOOSE = 'n01855672';
const KOALA = 'n01882714';
const photos = flickrPhotos({ count: 4, text: 'x', tag: 'x', from: 1_000_000, to: 2_000_000 }).map((photo) => ({
  ...photo,
  sizes: ['m'],
}));

let host: FlickrSite;
beforeEach(async () => {
  host = await startFlickrSite({ photos });
});
afterEach(async () => host.close());

function urlOf(i: number): string {
  return `${host.mediaUrl}/${photos[i]?.server}/${photos[i]?.id}_${photos[i]?.secret}.jpg`;
}

async function crawl(folder: string, list: string, ...more: string[]): Promise<CommandResult> {
  const collection = path.join(folder, 'both.yaml');
  await writeFile(collection, `name: both\nclasses: [${GOOSE}, ${KOALA}]\nlicences: [CC-BY-4.0, unknown]\n`);
  const settings = {
    'crawl.contact': 'curator@example.org',
    'fetch.allowAddresses': new URL(host.mediaUrl).host,
    'fetch.requestsPerMinutePerHost': '60000',
  };
  const sets = setFlags(settings);
  const flags = ['--source', 'urls', '--from', list, '--data', path.join(folder, 'data')];
  return winnow(['crawl', '--collection', collection, ...flags, ...sets, ...more]);
}

async function candidates(folder: string): Promise<CandidateLine[]> {
  const flags = ['--collection', path.join(folder, 'both.yaml'), '--data', path.join(folder, 'data'), '--json'];
  return jsonLines<CandidateLine>((await winnow(['candidates', ...flags])).stdout);
}

describe('a crawl of a list of URLs', () => {
  it('takes CSV, TSV and JSON Lines, gzipped too, as one set of pictures, and tells what it cannot use by its line', async () => {
    const header = ['url', 'wnid', 'license', 'creator', 'page_url'];
    const csv = [
      header.join(','),
      `${urlOf(0)},${GOOSE},CC BY 4.0,"Ann, of A",https://pages.example/0`,
      `${urlOf(1)},${KOALA},CC BY-NC 4.0,Bob,`,
      `file:///etc/passwd,${KOALA},,,`,
      `${urlOf(0)},${GOOSE}`,
    ];
    const tsv = [
      header.join('\t'),
      [urlOf(2), GOOSE, '', 'Cid "C"', ''].join('\t'),
      ['no address', KOALA, '', '', ''].join('\t'),
    ];
    const jsonl = [{ url: urlOf(0), wnid: GOOSE }, { url: `${urlOf(3)}#part`, wnid: 'koala' }, { wnid: KOALA }];
    await withFolder(async (folder) => {
      const lists: [string, string | Buffer][] = [
        ['list.csv', csv.join('\n')],
        ['list.tsv.gz', gzipSync(tsv.join('\n'))],
        ['list.jsonl', jsonl.map((row) => JSON.stringify(row)).join('\n')],
      ];
      const told: string[] = [];
      for (const [name, content] of lists) {
        await writeFile(path.join(folder, name), content);
        const result = await crawl(folder, path.join(folder, name));
        expect([name, result.code, result.stderr]).toEqual([name, 0, expect.not.stringContaining('winnow:')]);
        told.push(result.stdout);
      }
      const lines = await candidates(folder);
      const about = (url: string): unknown[] =>
        lines
          .filter((line) => line.url === url)
          .map(({ wnid, state, reason, licence, creator }) => [wnid, state, reason, licence, creator]);
      expect(about(urlOf(0))).toEqual([[GOOSE, 'fetched', null, 'CC-BY-4.0', 'Ann, of A']]);
      expect(about(urlOf(1))).toEqual([[KOALA, 'dropped', 'licence-not-allowed', 'CC-BY-NC-4.0', 'Bob']]);
      expect(about(urlOf(2))).toEqual([[GOOSE, 'fetched', null, 'unknown', 'Cid "C"']]);
      expect(about(urlOf(3))).toEqual([[KOALA, 'fetched', null, 'unknown', null]]);
      const problems = lines
        .filter(({ url }) => ![0, 1, 2, 3].map(urlOf).includes(url))
        .map(({ reason, detail }) => `${reason}: ${detail}`);
      expect(problems.toSorted()).toEqual([
        expect.stringMatching(/^scheme-refused: line 4 of list\.csv: /),
        // A row without a class.
        expect.stringMatching(/^unknown-class: line 3 of list\.jsonl: .*'url'/),
        expect.stringMatching(/^unknown-class: line 5 of list\.csv: expected 5 cells/),
        expect.stringMatching(/^unreadable: line 3 of list\.tsv\.gz: /),
      ]);
      expect(told).toEqual([
        expect.stringContaining('note: urls: 2 rows cannot be used: line 4 of list.csv: '),
        expect.stringContaining('note: urls: 1 row cannot be used: line 3 of list.tsv.gz: '),
        expect.stringContaining('note: urls: 1 row cannot be used: line 3 of list.jsonl: '),
      ]);
      // Each picture once, whichever list named it.
      const fetched = host.log.media.filter(({ path: at }) => at !== '/robots.txt');
      expect(fetched.map(({ path: at }) => `${host.mediaUrl}${at}`).toSorted()).toEqual(
        [urlOf(0), urlOf(2), urlOf(3)].toSorted(),
      );
    });
  });

  it.each<[string, string, string]>([
    ['list.txt', 'http://a.example/1.jpg', 'whose name ends in .csv, .tsv or .jsonl'],
    ['list.csv', 'address,class\n1,2\n', "without 'url' and 'wnid'"],
  ])('refuses %s, which is no list', async (name, content, message) => {
    await withFolder(async (folder) => {
      await writeFile(path.join(folder, name), content);
      const result = await crawl(folder, path.join(folder, name));
      expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(message)]);
    });
  });
});

describe('a takedown', () => {
  it('deletes photos named by their bytes, their URL or their place, and no crawl of the same or another URL brings the bytes back', async () => {
    await withFolder(async (folder) => {
      const data = path.join(folder, 'data');
      const list = path.join(folder, 'list.csv');
      const rows = (urls: readonly string[], wnid = GOOSE): string[] => urls.map((url) => `${url},${wnid}`);
      const taken = [0, 1, 2].map(urlOf);
      await writeFile(list, ['url,wnid', ...rows([...taken, urlOf(3)])].join('\n'));
      await crawl(folder, list);
      const before = await candidates(folder);
      const [byBytes, byUrl, byPlace] = taken.map((url) => before.find((line) => line.url === url));
      expect([byBytes, byUrl, byPlace].map((line) => line?.state)).toEqual(['fetched', 'fetched', 'fetched']);
      for (const flags of [
        ['--sha256', byBytes?.sha256 ?? ''],
        // The URL is spelt differently from the list's.
        ['--url', (byUrl?.url ?? '').replace('http://', 'HTTP://').concat('#top')],
        ['--source-id', `urls:${byPlace?.sourceId}`],
      ]) {
        const gone = await winnow(['takedown', ...flags, '--reason', `asked to by ${flags[0]}`, '--data', data]);
        expect([gone.code, gone.stdout, gone.stderr]).toEqual([
          0,
          expect.stringMatching(/^1 photo removed, 1 picture/),
          '',
        ]);
      }
      // The same pictures once more, and their bytes at other addresses.
      const copies = taken.map((url) => `${url}?copy`);
      await writeFile(list, ['url,wnid', ...rows(taken, KOALA), ...rows([...copies, urlOf(3)])].join('\n'));
      const again = await crawl(folder, list);
      expect(again.code).toBe(0);
      const lines = await candidates(folder);
      expect(lines.filter(({ state }) => state === 'fetched').map(({ url }) => url)).toEqual([urlOf(3)]);
      const reasons = (url: string): unknown[] =>
        lines
          .filter((line) => line.url?.replace('?copy', '') === url && line.reason === 'taken-down')
          .map(({ detail }) => detail);
      for (const [i, flag] of ['--sha256', '--url', '--source-id'].entries())
        expect(reasons(urlOf(i))).toEqual(Array(3).fill(`asked to by ${flag}`));
      const doctor = await winnow(['doctor', '--deep', '--data', data, '--json']);
      expect(JSON.parse(doctor.stdout)).toEqual(expect.not.arrayContaining([expect.objectContaining({ ok: false })]));
    });
  });
});
