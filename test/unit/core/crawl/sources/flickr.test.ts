import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { flickrSource, type FlickrSettings } from '../../../../../src/core/crawl/sources/flickr/flickr.ts';
import { isFlickrPlaceholder } from '../../../../../src/core/crawl/sources/flickr/placeholder.ts';
import { splitWindow } from '../../../../../src/core/crawl/sources/flickr/windows.ts';
import type { Json } from '../../../../../src/core/crawl/sources/network-source.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';
import { NOW_MS, outcomeOf, planOf, queryOf, scripted, type Script } from './scripted-api.ts';

const SETTINGS: FlickrSettings = {
  url: 'https://api.flickr.com/services/rest/',
  apiKey: '0123456789abcdef0123456789abcdef',
  mediaUrl: null,
  maxSidePixels: 1024,
  licences: 'any',
};
const source = flickrSource(SETTINGS);

const photo = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  id,
  owner: '1@N01',
  ownername: 'Ann',
  license: '4',
  dateupload: '1700000000',
  url_l: `https://live.staticflickr.com/1/${id}_a_b.jpg`,
  ...more,
});
const fullPage = (uploaded = 1_700_000_000) =>
  Array.from({ length: 500 }, (_, i) => photo(String(i), { dateupload: String(uploaded) }));

function results(list: readonly unknown[], fields: Readonly<Record<string, unknown>> = {}): string {
  const photos = { page: 1, pages: 1, perpage: 500, total: list.length, photo: list, ...fields };
  return JSON.stringify({ photos, stat: 'ok' });
}

/** Requests a page: the first one, or the one at a cursor. */
async function take(answer: Script, { settings = {}, cursor = null }: { settings?: object; cursor?: Json } = {}) {
  const own = flickrSource({ ...SETTINGS, ...settings });
  const api = scripted([answer]);
  const query = await queryOf(own, [{ text: 'stingray', tags: ['a', 'b'] }]);
  const page = own.nextPage(query, cursor, api);
  return { page, outcome: await outcomeOf(page), sent: new URL(api.requests[0]?.url ?? '').searchParams };
}
const photosOf = async (list: readonly unknown[], settings: object = {}) =>
  (await (await take(results(list), { settings })).page).photos;

describe('planning a class on Flickr', () => {
  it('plans a query for each search, up to now', async () => {
    const tags = ['stingray', 'dasyatidae'];
    const { queries, problems, notes } = await planOf(source, [{ text: 'ray -car', tags }, { text: 'ray' }, { tags }]);
    expect([problems, notes]).toEqual([[], []]);
    const titles = ['"ray -car" tagged stingray or dasyatidae', '"ray"', 'tagged stingray or dasyatidae'];
    expect(queries.map(({ title }) => title)).toEqual(titles);
    const until = Math.floor(NOW_MS / 1000);
    expect(queries[0]?.params).toEqual({ wnid: 'n01498041', text: 'ray -car', tags, licences: null, until });
  });

  it('accepts every line of the queries that come with winnow', async () => {
    const file = path.join(repositoryRoot, 'config/classes/queries-imagenet-a.jsonl');
    for (const line of readFileSync(file, 'utf8').trim().split('\n'))
      expect(await planOf(source, JSON.parse(line).flickr)).toMatchObject({ problems: [], notes: [] });
  });

  it.each<[Json | undefined, string[], string]>([
    [undefined, ['"stingray"'], 'has no line for flickr in the queries file: searched by its name'],
    [null, [], 'flickr'],
    [[], [], 'flickr'],
  ])('notes how a class with the line %j is searched', async (entry, titles, note) => {
    const { queries, problems, notes } = await planOf(source, entry);
    expect([queries.map(({ title }) => title), problems]).toEqual([titles, []]);
    expect(notes).toEqual([expect.stringContaining(note)]);
  });

  it.each<Json>([7, {}, { text: ' ', tags: [] }, { text: 'x', tag: ['y'] }, { text: 'x', tags: [''] }])(
    'reports %j with its class, and uses the valid searches',
    async (odd) => {
      const { queries, problems } = await planOf(source, [odd, { text: 'ray' }, { text: 'ray', tags: [] }]);
      expect(queries).toHaveLength(1);
      expect(problems).toEqual([expect.stringMatching(/n01498041 \(stingray\)/)]);
      expect(problems[0]).toContain(`received ${JSON.stringify(odd)}`);
    },
  );

  it('makes another query for other licences, and none if Flickr has no allowed licence', async () => {
    const planned = (licences: 'any' | string[]) => planOf(flickrSource({ ...SETTINGS, licences }), [{ text: 'ray' }]);
    const keyOf = async (licences: 'any' | string[]) => (await planned(licences)).queries[0]?.key;
    expect(await keyOf(['CC0-1.0'])).not.toBe(await keyOf('any'));
    expect(await keyOf(['CC0-1.0', 'MIT'])).toBe(await keyOf(['cc0-1.0']));
    expect(await planned(['MIT'])).toMatchObject({ queries: [], notes: [expect.stringContaining('licence')] });
  });
});

describe('a search of Flickr', () => {
  it('with a first day of upload begins on it', async () => {
    const api = scripted([results([])]);
    const query = await queryOf(source, [{ text: 'stingray' }]);
    await source.nextPage({ ...query, since: '2020-01-01' }, null, api);
    const sent = new URL(api.requests[0]?.url ?? '').searchParams;
    expect(sent.get('min_upload_date')).toBe(String(Date.UTC(2020, 0, 1) / 1000));
  });

  it('asks for text, any of the tags, the allowed licences, and all fields of each photo', async () => {
    const licences = ['CC0-1.0', 'cc-by-4.0', 'MIT', 'CC-PDM-1.0'];
    const { sent } = await take(results([]), { settings: { licences, url: 'http://127.0.0.1:1/proxy?to=flickr' } });
    const sizes = ['s', 'n', 'm', 'z', 'c', 'l', 'h', 'k', 'o'].map((size) => `url_${size}`);
    expect(Object.fromEntries(sent)).toEqual({
      to: 'flickr',
      method: 'flickr.photos.search',
      api_key: SETTINGS.apiKey,
      format: 'json',
      nojsoncallback: '1',
      text: 'stingray',
      tags: 'a,b',
      tag_mode: 'any',
      license: '9,10,11',
      media: 'photos',
      content_type: '1',
      safe_search: '1',
      per_page: '500',
      page: '1',
      sort: 'date-posted-desc',
      min_upload_date: String(Date.UTC(2004, 1, 1) / 1000),
      max_upload_date: String(Math.floor(NOW_MS / 1000)),
      extras: ['license', 'owner_name', 'date_upload', 'date_taken', ...sizes].join(','),
    });
    expect((await take(results([]))).sent.has('license')).toBe(false);
  });

  it.each([
    [5000, 'k'],
    [2047, 'h'],
    [1024, 'l'],
    [1023, 'c'],
    [1, 's'],
  ])('takes the largest size up to %i pixels: url_%s', async (maxSidePixels, size) => {
    const keys = ['s', 'n', 'm', 'z', 'c', 'l', 'h', 'k', 'o'];
    const sizes = Object.fromEntries(keys.map((key) => [`url_${key}`, `https://x/${key}.jpg`]));
    expect((await photosOf([photo('1', sizes)], { maxSidePixels }))[0]?.url).toBe(`https://x/${size}.jpg`);
  });

  it('takes the original upload only if there is no other size', async () => {
    const [only] = await photosOf([photo('1', { url_l: '', url_o: 'https://x/o.png' })]);
    expect(only?.url).toBe('https://x/o.png');
  });

  it('takes pictures from the configured host instead of Flickr', async () => {
    const hosts = ['https://live.staticflickr.com', 'http://farm6.static.flickr.com', 'https://other.example'];
    const photos = hosts.map((host, i) => photo(String(i), { url_l: `${host}/1/2_3_b.jpg` }));
    const [first, second, third] = await photosOf(photos, { mediaUrl: 'http://127.0.0.1:9/media/' });
    expect([first?.url, second?.url]).toEqual(Array(2).fill('http://127.0.0.1:9/media/1/2_3_b.jpg'));
    expect(third?.url).toBe('https://other.example/1/2_3_b.jpg');
  });

  it.each<[unknown, string]>([
    ['0', 'all-rights-reserved'],
    [4, 'CC-BY-2.0'],
    ['16', 'CC-BY-NC-ND-4.0'],
    ['17', 'flickr-licence-17'],
    ...['', undefined, null, '-1', '4.0'].map((odd): [unknown, string] => [odd, 'unknown']),
  ])('reads the licence %j as %s', async (license, id) => {
    expect(await photosOf([photo('1', { license })])).toMatchObject([{ licence: id, problem: null }]);
  });

  it.each<[string, unknown, object]>([
    [
      'lacks what is only for people',
      { id: 7, ownername: {}, owner: null, dateupload: 'long ago', url_l: 'https://x/1.jpg', brand_new: [1] },
      { sourceId: '7', creator: null, pageUrl: null, licence: 'unknown', problem: null },
    ],
    [
      'has texts that cannot be stored',
      photo('1', { owner: 'a/../b?\0', ownername: `A\0nn \uD800` }),
      { creator: 'A\u{FFFD}nn \u{FFFD}', pageUrl: 'https://www.flickr.com/photos/a%2F..%2Fb%3F%EF%BF%BD/1' },
    ],
    [
      'was taken and uploaded on known days',
      photo('1', { datetaken: '2019-05-01 10:00:00', datetakengranularity: 0, datetakenunknown: '0' }),
      { takenAt: '2019-05-01', uploadedAt: '2023-11-14' },
    ],
    [
      'was taken in a year',
      photo('1', { datetaken: '2019-01-01 00:00:00', datetakengranularity: '6' }),
      { takenAt: null },
    ],
    [
      'has its date of upload as that of taking',
      photo('1', { datetaken: '2019-05-01 10:00:00', datetakenunknown: 1 }),
      { takenAt: null },
    ],
    ['is at an FTP server', photo('1', { url_l: 'ftp://x/1.jpg' }), { problem: { reason: 'scheme-refused' } }],
    ['needs a password', photo('1', { url_l: 'https://u:p@x/1' }), { problem: { reason: 'address-refused' } }],
    ...[null, 'x', [], {}, { id: '' }, { id: 'x'.repeat(200) }].map((odd): [string, unknown, object] => [
      `is ${JSON.stringify(odd).slice(0, 10)}`,
      odd,
      { sourceId: expect.stringMatching(/^no-photo-/), problem: { state: 'failed', reason: 'unreadable' } },
    ]),
  ])('counts a result that %s', async (_, result, expected) => {
    expect(await photosOf([result, photo('2')])).toEqual(
      expect.arrayContaining([expect.objectContaining({ sourceId: '2', problem: null })]),
    );
    const [first, last] = await photosOf([result, photo('2')]);
    expect(first?.sourceId === '2' ? last : first).toMatchObject(expected);
  });
});

describe('the next page of a search', () => {
  const day = { from: 1_699_950_000, to: 1_700_036_399, licence: null };
  const other = { from: 1, to: 2, licence: 3 };
  const second = { from: 1_700_000_000, to: 1_700_000_000, licence: null };
  const at = (page: number, ...windows: object[]): Json => JSON.parse(JSON.stringify({ windows, page }));

  it.each<[string, string, Json, Json]>([
    ['none after one page that has all photos', results([photo('1')]), null, null],
    ['the next one of the window', results(fullPage(), { total: 2_000, pages: 4, page: 3 }), at(3, day), at(4, day)],
    [
      'of the next window after the last',
      results([photo('1')], { pages: 3, page: 3 }),
      at(3, day, other),
      at(1, other),
    ],
    [
      'read while pages are full, for totals are not exact',
      results(fullPage(), { total: 990, pages: 2, page: 2 }),
      at(2, day),
      at(3, day),
    ],
    [
      'read after a page without the withheld photos',
      results(fullPage().slice(7), { total: 990, pages: 2 }),
      at(1, day),
      at(2, day),
    ],
    [
      'of the next window after an empty page',
      results([], { total: 990, pages: 9, page: 2 }),
      at(2, day, other),
      at(1, other),
    ],
    [
      'of the next window after a page that does not exist',
      '{"stat":"fail","code":20,"message":"Excessive photo offset"}',
      at(2, day, other),
      at(1, other),
    ],
    [
      'of the next window after another page than was asked for',
      results(fullPage(), { total: 990, pages: 9, page: 1 }),
      at(2, day, other),
      at(1, other),
    ],
    [
      'of half the window at the cap of 4,000',
      results(fullPage(), { total: 3_500, pages: 7, page: 8 }),
      at(8, day),
      at(1, { ...day, from: 1_699_993_200 }, { ...day, to: 1_699_993_199 }),
    ],
    [
      'none beyond the cap',
      results(fullPage(5).slice(250), { total: 9_000, pages: 36, perpage: 250, page: 16 }),
      at(16, { from: 5, to: 5, licence: 1 }),
      null,
    ],
    [
      'of a second that is split by licence, the next one',
      results(fullPage(), { total: 9_000, pages: 18 }),
      at(1, { ...second, licence: 4 }),
      at(2, { ...second, licence: 4 }),
    ],
  ])('is %s', async (_, ...[answer, cursor, next]) => {
    expect((await (await take(answer, { cursor })).page).next).toEqual(next);
  });

  it('comes with the total only the first time', async () => {
    expect((await (await take(results([photo('1')]))).page).total).toBe(1);
    expect((await (await take(results([photo('1')]), { cursor: at(1, day) })).page).total).toBeNull();
  });

  it('is of a part, newest first, if there are too many photos; the photos of the page are kept', async () => {
    const page = await (await take(results(fullPage(), { total: 7_600, pages: 16 }))).page;
    expect([page.photos.length, (page.next as { windows: object[] }).windows.length]).toEqual([500, 4]);
    const split = await take(results(fullPage(), { total: 9_000, pages: 18 }), { cursor: at(1, second) });
    expect(((await split.page).next as { windows: object[] }).windows).toHaveLength(17);
  });

  it('is not requested from a search that ignores dates, because it would be split forever', async () => {
    const cursor = at(1, { from: 1_641_000_000, to: 1_643_000_000, licence: null });
    const { page, outcome } = await take(results(fullPage(), { total: 9_000, pages: 18 }), { cursor });
    expect(outcome).toBe('GiveUpOnItem flickr-dates-ignored');
    await expect(page).rejects.toThrow('2022-01-01T01:20:00.000Z');
  });

  it.each([
    [0, 99, 4_000],
    [7, 9, 1_000_000],
    [1_075_593_600, 1_900_000_000, 361_690],
  ])('is of windows that cover every second from %i to %i once', (from, to, total) => {
    const parts = splitWindow({ from, to, licence: null }, total, [1, 2]) ?? [];
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.length).toBeLessThanOrEqual(12);
    expect([parts[0]?.to, parts.at(-1)?.from]).toEqual([to, from]);
    expect(parts.filter((part) => part.from > part.to)).toEqual([]);
    expect(parts.slice(1).map((part) => part.to + 1)).toEqual(parts.slice(0, -1).map((part) => part.from));
  });

  it('is of one second only if that is the last window of its licence', () => {
    expect(splitWindow({ from: 5, to: 5, licence: null }, 9_000, [4])).toBeNull();
    expect(splitWindow({ from: 5, to: 5, licence: 4 }, 9_000, [0, 4])).toBeNull();
    expect(splitWindow({ from: 1, to: 2, licence: 4 }, 9_000, [4, 5])).toEqual([
      { from: 2, to: 2, licence: 4 },
      { from: 1, to: 1, licence: 4 },
    ]);
  });
});

describe('an error of Flickr', () => {
  const fail = (code: unknown, message = 'x'): string => JSON.stringify({ stat: 'fail', code, message });

  type Row = [name: string, answer: Script, outcome: string];
  const codes = (outcome: string, ...list: unknown[]) =>
    list.map((code): Row => [`code ${String(code)}`, fail(code), outcome]);
  const statuses = (outcome: string, ...list: number[]) =>
    list.map((status): Row => [`HTTP ${status}`, { status, body: '<html>Access denied</html>' }, outcome]);

  it.each<Row>([
    ...codes('RetryLater', 0, 10, 105, 201, '105'),
    ['"not available"', fail(777, 'Sorry, the Flickr API service is NOT currently available.'), 'RetryLater'],
    ...codes('SourceBlocked flickr-key', 98, 99, 100),
    ...codes('SourceBlocked flickr-blocked', 111, 112, 116),
    ...codes('GiveUpOnItem flickr-query', 1, 2, 3, 4, 18, 20, 9_999, undefined),
    ['code 18 with HTTP 400', { status: 400, body: fail(18) }, 'GiveUpOnItem'],
    ['code 100 in a callback', 'jsonFlickrApi({"stat":"fail","code":100,"message":"x"})', 'SourceBlocked flickr-key'],
    ...statuses('RetryLater', 500, 502, 503, 408, 425),
    ...statuses('SourceBlocked flickr-blocked', 401, 403, 404, 410, 451),
    ...[
      '',
      'null',
      '{}',
      '<html>Sign in to the hotel</html>',
      '{"photos":{"page":1,"photo":[{"id":"49',
      '{"stat":"ok","photos":{"photo":[]}}',
      '{"stat":"ok","photos":{"total":"many","photo":[]}}',
      '{"stat":"ok","photos":{"total":1,"photo":{}}}',
    ].map((body): Row => [`the body ${body}`, body, 'RetryLater flickr-unparsable']),
  ])('%s has its consequence, and the body is quoted', async (_, answer, expected) => {
    const { page, outcome } = await take(answer);
    expect(outcome).toContain(expected);
    const body = typeof answer === 'string' ? answer : (answer.body ?? '');
    await expect(page).rejects.toThrow(body.includes('stat":"fail') ? 'Flickr' : `'${body}'`);
  });

  it('is quoted with at most 200 characters, and never with the key', async () => {
    const { page } = await take(`<html>no ${SETTINGS.apiKey} ${'y'.repeat(100_000)}`);
    const text = String(await page.catch((error: unknown) => error));
    expect(text).toContain('[api_key]');
    expect(text).not.toContain(SETTINGS.apiKey);
    expect(text.length).toBeLessThan(400);
  });

  it('names the setting of a key that is refused', async () => {
    await expect((await take(fail(100, 'Key has expired'))).page).rejects.toThrow(/Key has expired.*FLICKR_API_KEY/s);
  });

  it('of too many requests is retried, but not before Retry-After is over', async () => {
    const { page } = await take({ status: 429, headers: { 'retry-after': '30' } });
    await expect(page).rejects.toMatchObject({ code: 'rate-limited', retryAfterMs: 30_000 });
  });
});

describe('the placeholder of a deleted photo', () => {
  it.each([
    ['https://s.yimg.com/pw/images/en-us/photo_unavailable.png', true],
    ['http://l.yimg.com/g/images/photo_unavailable_s.gif', true],
    ['https://combo.staticflickr.com/pw/images/photo_unavailable.gif?v=3#x', true],
    ['https://live.staticflickr.com/65535/49514337848_bbdbb5f761_b.jpg', false],
    ['https://example.org/photo_unavailable/1.jpg', false],
    ['https://example.org/my_photo_unavailable.png', false],
    ['https://example.org/1.jpg?was=photo_unavailable.png', false],
    ['no address', false],
  ])('is recognised by the address of the redirect: %s (%j)', (finalUrl, expected) => {
    expect(isFlickrPlaceholder(finalUrl, null)).toBe(expected);
  });

  it("is recognised by its hash if the host serves it at the photo's address", () => {
    const md5 = '880a7a58e05d3e83797f27573bb6d35c';
    expect(isFlickrPlaceholder('https://x/1.jpg', md5)).toBe(true);
    expect(isFlickrPlaceholder('https://x/1.jpg', md5.replace('8', '9'))).toBe(false);
  });
});
