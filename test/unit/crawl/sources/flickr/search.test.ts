import { describe, expect, it } from 'vitest';
import { GiveUpOnItem, RetryLater, SourceBlocked } from '../../../../../src/kernel/errors.ts';
import { flickrSource, type FlickrSettings } from '../../../../../src/crawl/sources/flickr/flickr.ts';
import { answer, NOW_MS, queryFor, results, scripted, SETTINGS } from './support.ts';

const photo = (id: string, more: Readonly<Record<string, unknown>> = {}) => ({
  id,
  owner: '1@N01',
  ownername: 'Ann',
  license: '4',
  dateupload: '1700000000',
  url_l: `https://live.staticflickr.com/1/${id}_a_b.jpg`,
  ...more,
});

/** A full page of five hundred. */
const fullPage = (uploaded = 1_700_000_000) =>
  Array.from({ length: 500 }, (_, i) => photo(String(i), { dateupload: String(uploaded) }));

async function firstPage(response: ReturnType<typeof answer>, settings: FlickrSettings = SETTINGS) {
  const api = scripted(response);
  const page = await flickrSource(settings).nextPage(
    await queryFor({ text: 'stingray', tags: ['a', 'b'] }, settings),
    null,
    api,
  );
  return { page, parameters: new URL(api.requests[0]?.url ?? '').searchParams, api };
}

async function nextPage(response: ReturnType<typeof answer>, cursor: { windows: object[]; page: number }) {
  const query = await queryFor({ text: 'stingray' });
  return flickrSource(SETTINGS).nextPage(query, JSON.parse(JSON.stringify(cursor)), scripted(response));
}

const JUST_A_DAY = { from: 1_699_950_000, to: 1_700_036_399, licence: null };

describe('the request', () => {
  it('asks once for text, any of the tags, and all fields of each photo', async () => {
    const { parameters, api } = await firstPage(results([photo('1')]));
    expect(api.requests.length).toBe(1);
    expect(Object.fromEntries(parameters)).toMatchObject({
      method: 'flickr.photos.search',
      api_key: SETTINGS.apiKey,
      format: 'json',
      nojsoncallback: '1',
      text: 'stingray',
      tags: 'a,b',
      tag_mode: 'any',
      media: 'photos',
      content_type: '1',
      safe_search: '1',
      per_page: '500',
      page: '1',
      sort: 'date-posted-desc',
      min_upload_date: String(Date.UTC(2004, 1, 1) / 1000),
      max_upload_date: String(Math.floor(NOW_MS / 1000)),
    });
    const extras = parameters.get('extras')?.split(',');
    expect(extras).toEqual(
      expect.arrayContaining(['license', 'owner_name', 'date_upload', 'url_l', 'url_c', 'url_z', 'url_m', 'url_o']),
    );
    expect(parameters.has('license')).toBe(false);
  });

  it('asks only for the licences that the collection allows', async () => {
    const { parameters } = await firstPage(results([]), {
      ...SETTINGS,
      licences: ['CC0-1.0', 'cc-by-4.0', 'MIT', 'CC-PDM-1.0'],
    });
    expect(parameters.get('license')).toBe('9,10,11');
  });

  it('keeps the query that the endpoint already has', async () => {
    const settings = { ...SETTINGS, url: 'http://127.0.0.1:1/proxy?to=flickr' };
    const { parameters } = await firstPage(results([]), settings);
    expect([parameters.get('to'), parameters.get('text')]).toEqual(['flickr', 'stingray']);
  });
});

describe('results', () => {
  it.each([
    [5000, 'k'],
    [2047, 'h'],
    [1024, 'l'],
    [1023, 'c'],
    [1, 's'],
  ])('have the largest size up to %i pixels: url_%s', async (maxSidePixels, size) => {
    const sizes = Object.fromEntries(
      ['s', 'n', 'm', 'z', 'c', 'l', 'h', 'k', 'o'].map((key) => [`url_${key}`, `https://x/${key}.jpg`]),
    );
    const { page } = await firstPage(results([photo('1', sizes)]), { ...SETTINGS, maxSidePixels });
    expect(page.photos[0]?.url).toBe(`https://x/${size}.jpg`);
  });

  it('have the original upload only if there is no other size', async () => {
    const { page } = await firstPage(results([photo('1', { url_l: '', url_o: 'https://x/o.png' })]));
    expect(page.photos[0]?.url).toBe('https://x/o.png');
  });

  it('come from the configured host instead of Flickr', async () => {
    const urls = [
      'https://live.staticflickr.com/1/2_3_b.jpg',
      'http://farm6.static.flickr.com/1/2_3_b.jpg',
      'https://farm66.staticflickr.com/1/2_3_b.jpg',
      'https://other.example/1/2_3_b.jpg',
    ];
    const { page } = await firstPage(results(urls.map((url_l, i) => photo(String(i), { url_l }))), {
      ...SETTINGS,
      mediaUrl: 'http://127.0.0.1:9/media/',
    });
    const mirrored = 'http://127.0.0.1:9/media/1/2_3_b.jpg';
    expect(page.photos.map(({ url }) => url)).toEqual([mirrored, mirrored, mirrored, urls[3]]);
  });

  it.each([
    ['0', 'all-rights-reserved'],
    [4, 'CC-BY-2.0'],
    ['8', 'flickr-us-government-work'],
    ['10', 'CC-PDM-1.0'],
    ['16', 'CC-BY-NC-ND-4.0'],
    ['17', 'flickr-licence-17'],
    ['', 'unknown'],
    [undefined, 'unknown'],
    [null, 'unknown'],
    ['-1', 'unknown'],
    ['4.0', 'unknown'],
  ])('with license %j are under %s', async (license, id) => {
    const { page } = await firstPage(results([photo('1', { license })]));
    expect(page.photos).toMatchObject([{ licence: id, problem: null }]);
  });

  it('may lack fields that are only for people, and be from another year', async () => {
    const { page } = await firstPage(
      results(
        [
          {
            id: 7,
            ownername: { _content: 'x' },
            owner: null,
            dateupload: 'long ago',
            url_l: 'https://x/1.jpg',
            brand_new: [1],
          },
        ],
        { total: '1', page: '1' },
      ),
    );
    expect(page.photos).toMatchObject([
      { sourceId: '7', creator: null, pageUrl: null, licence: 'unknown', problem: null },
    ]);
  });

  it('can always be stored', async () => {
    const { page } = await firstPage(results([photo('1', { owner: 'a/../b?\0', ownername: `A\0nn \uD800` })]));
    expect(page.photos).toMatchObject([
      { creator: 'A\u{FFFD}nn \u{FFFD}', pageUrl: 'https://www.flickr.com/photos/a%2F..%2Fb%3F%EF%BF%BD/1' },
    ]);
  });

  it.each([
    ['ftp://x/1.jpg', 'scheme-refused'],
    ['javascript:alert(1)', 'scheme-refused'],
    ['https://user:secret@x/1.jpg', 'address-refused'],
    ['/1.jpg', 'unreadable'],
  ])('at %s fail as %s', async (url_l, reason) => {
    const { page } = await firstPage(results([photo('1', { url_l })]));
    expect(page.photos).toMatchObject([{ sourceId: '1', problem: { state: 'failed', reason } }]);
    expect(JSON.stringify(page.photos)).not.toContain('secret');
  });

  it('that are not photos are counted, each with its own id, and do not affect others', async () => {
    const odd = [null, 'x', [], {}, { id: '' }, { id: 'x'.repeat(200) }];
    const { page } = await firstPage(results([...odd, photo('1')]));
    expect(page.photos.filter(({ problem }) => problem === null).map(({ sourceId }) => sourceId)).toEqual(['1']);
    const failed = page.photos.filter(({ problem }) => problem?.reason === 'unreadable');
    expect([failed.length, new Set(failed.map(({ sourceId }) => sourceId)).size]).toEqual([odd.length, odd.length]);
  });
});

describe('walking', () => {
  it('ends after one page that has all photos', async () => {
    const { page } = await firstPage(results([photo('1')]));
    expect([page.total, page.next]).toEqual([1, null]);
  });

  it('reports the total only once', async () => {
    const page = await nextPage(results([photo('1')]), { windows: [JUST_A_DAY], page: 1 });
    expect(page.total).toBeNull();
  });

  it('splits a window that has too many photos, newest part first, and keeps the photos of the page', async () => {
    const { page } = await firstPage(results(fullPage(), { total: 7_600, pages: 16 }));
    expect(page.photos.length).toBe(500);
    const { windows } = page.next as { windows: { from: number; to: number }[] };
    expect(windows.length).toBe(4);
    expect(windows[0]?.to).toBe(Math.floor(NOW_MS / 1000));
    expect(windows.at(-1)?.from).toBe(Date.UTC(2004, 1, 1) / 1000);
    windows.slice(1).forEach((window, i) => expect(window.to).toBe((windows[i]?.from ?? 0) - 1));
  });

  it('reads the pages of a window, then the next window', async () => {
    const other = { from: 1, to: 2, licence: 3 };
    const at = { windows: [JUST_A_DAY, other], page: 3 };
    const full = results(fullPage(), { total: 2_000, pages: 4, page: 3 });
    expect((await nextPage(full, at)).next).toEqual({ ...at, page: 4 });
    expect((await nextPage(results([photo('1')], { total: 2_000, pages: 3, page: 3 }), at)).next).toEqual({
      windows: [other],
      page: 1,
    });
  });

  it('reads more pages than the total says while pages are full, because the total is not exact', async () => {
    const at = { windows: [JUST_A_DAY], page: 2 };
    expect((await nextPage(results(fullPage(), { total: 990, pages: 2, page: 2 }), at)).next).toEqual({
      ...at,
      page: 3,
    });
  });

  it('continues after a page that lacks some photos, because withheld ones are removed from pages', async () => {
    const at = { windows: [JUST_A_DAY], page: 1 };
    expect((await nextPage(results(fullPage().slice(7), { total: 990, pages: 2 }), at)).next).toEqual({
      ...at,
      page: 2,
    });
  });

  it.each([
    ['is empty', results([], { total: 990, pages: 9, page: 2 })],
    ['does not exist', answer('{"stat":"fail","code":20,"message":"Excessive photo offset in search"}')],
    ['is another than was asked for', results(fullPage(), { total: 990, pages: 9, page: 1 })],
  ])('skips the rest of a window whose page %s', async (_, response) => {
    const other = { from: 1, to: 2, licence: null };
    const page = await nextPage(response, { windows: [JUST_A_DAY, other], page: 2 });
    expect(page.next).toEqual({ windows: [other], page: 1 });
  });

  it('splits a window that reaches the cap, so that no photos beyond it are lost', async () => {
    const page = await nextPage(results(fullPage(), { total: 3_500, pages: 7, page: 8 }), {
      windows: [JUST_A_DAY],
      page: 8,
    });
    expect(page.next).toEqual({
      windows: [
        { from: 1_699_993_200, to: 1_700_036_399, licence: null },
        { from: 1_699_950_000, to: 1_699_993_199, licence: null },
      ],
      page: 1,
    });
  });

  it('never requests results beyond the cap, even if pages are smaller', async () => {
    const second = { windows: [{ from: 5, to: 5, licence: 1 }], page: 16 };
    const page = await nextPage(
      results(fullPage(5).slice(250), { total: 9_000, pages: 36, perpage: 250, page: 16 }),
      second,
    );
    expect(page.next).toBeNull();
  });

  it('splits a single second by licence, and takes the first 4,000 if that is still too much', async () => {
    const second = { from: 1_700_000_000, to: 1_700_000_000, licence: null };
    const response = results(fullPage(), { total: 9_000, pages: 18 });
    const split = await nextPage(response, { windows: [second], page: 1 });
    expect((split.next as { windows: unknown[] }).windows.length).toBe(17);
    const one = { windows: [{ ...second, licence: 4 }], page: 1 };
    expect((await nextPage(response, one)).next).toEqual({ ...one, page: 2 });
  });

  it('gives up a search that ignores dates, because it would be split forever', async () => {
    const january = { from: 1_641_000_000, to: 1_643_000_000, licence: null };
    const page = nextPage(results(fullPage(), { total: 9_000, pages: 18 }), { windows: [january], page: 1 });
    await expect(page).rejects.toThrow(GiveUpOnItem);
    await expect(page).rejects.toThrow('2022-01-01T01:20:00.000Z');
  });
});

describe('errors of Flickr', () => {
  const fail = (code: unknown, message = 'x') => answer(JSON.stringify({ stat: 'fail', code, message }));

  it.each([0, 10, 105, 201, '105'])('are retried later for code %j', async (code) => {
    await expect(firstPage(fail(code))).rejects.toThrow(RetryLater);
  });

  it('are retried later for certain messages, whatever the code', async () => {
    await expect(firstPage(fail(777, 'Sorry, the Flickr API service is NOT currently available.'))).rejects.toThrow(
      RetryLater,
    );
  });

  it.each([98, 99, 100, 111, 112, 116])('block the source for code %i', async (code) => {
    await expect(firstPage(fail(code))).rejects.toThrow(SourceBlocked);
  });

  it.each([1, 2, 3, 4, 18, 20, 9_999, undefined])('give up the query for code %j', async (code) => {
    await expect(firstPage(fail(code))).rejects.toThrow(GiveUpOnItem);
  });

  it.each([
    ['', 'nothing'],
    ['null', 'null'],
    ['[]', 'a list'],
    ['{}', 'an empty object'],
    ['{"stat":"ok"}', 'no photos at all'],
    ['{"stat":"ok","photos":{"photo":[]}}', 'no total'],
    ['{"stat":"ok","photos":{"total":"many","photo":[]}}', 'a total that is no number'],
    ['{"stat":"ok","photos":{"total":1,"photo":{}}}', 'photos that are no list'],
    ['{"photos":{"page":1,"total":"30","photo":[{"id":"49', 'half an answer'],
    ['<html><title>Sign in to the hotel</title></html>', 'a page'],
    ['<rsp stat="ok"><photos total="1" /></rsp>', 'XML'],
  ])('are retried later for the body %j (%s), which is quoted', async (body) => {
    await expect(firstPage(answer(body))).rejects.toThrow(RetryLater);
    await expect(firstPage(answer(body))).rejects.toThrow(`'${body}'`);
  });

  it('are quoted with at most 200 characters, and never with the key', async () => {
    const body = `<html>no ${SETTINGS.apiKey} ${'y'.repeat(100_000)}`;
    const error = await firstPage(answer(body)).catch((error_: unknown) => error_);
    expect(String(error)).toContain('[api_key]');
    expect(String(error)).not.toContain(SETTINGS.apiKey);
    expect(String(error).length).toBeLessThan(400);
  });

  it('are read inside a callback that was not requested', async () => {
    const { body } = results([photo('1')]);
    const { page } = await firstPage(answer(` jsonFlickrApi(${body}) ;\n`));
    expect(page.photos.length).toBe(1);
    await expect(firstPage(answer('jsonFlickrApi({"stat":"fail","code":100,"message":"x"})'))).rejects.toThrow(
      SourceBlocked,
    );
  });

  it.each([
    ['30', 30_000],
    [new Date(NOW_MS + 90_000).toUTCString(), 90_000],
    [new Date(NOW_MS - 90_000).toUTCString(), 0],
    ['soon', null],
    ['-1', null],
  ])('are retried after HTTP 429, but not before Retry-After %j is over', async (header, retryAfterMs) => {
    const error = await firstPage(answer('', 429, { 'retry-after': header })).catch((error_: unknown) => error_);
    expect(error).toMatchObject({
      name: 'RetryLater',
      code: 'rate-limited',
      retryAfterMs,
    });
  });

  it.each([500, 502, 503, 408, 425])('are retried later for HTTP %i', async (status) => {
    await expect(firstPage(answer('<html>busy</html>', status))).rejects.toThrow(RetryLater);
  });

  it.each([401, 403, 404, 410, 451])('block the source for HTTP %i without an answer of the API', async (status) => {
    await expect(firstPage(answer('<html>Access denied</html>', status))).rejects.toThrow(SourceBlocked);
    await expect(firstPage(answer('<html>Access denied</html>', status))).rejects.toThrow(
      `HTTP ${status} with '<html>Access denied</html>'`,
    );
  });

  it('are judged by the error in the body, if there is one', async () => {
    const body = '{"stat":"fail","code":18,"message":"Illogical arguments"}';
    await expect(firstPage(answer(body, 400))).rejects.toThrow(GiveUpOnItem);
  });
});
