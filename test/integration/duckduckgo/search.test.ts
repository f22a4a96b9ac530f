import { describe, expect, it, onTestFinished } from 'vitest';
import { duckduckgoSource, type DuckduckgoSettings } from '../../../src/crawl/sources/duckduckgo/duckduckgo.ts';
import type { Json, PlannedQuery, SourceApi } from '../../../src/crawl/sources/network-source.ts';
import {
  DUCKDUCKGO_BLOCKS,
  duckduckgoResults,
  startDuckduckgoSite,
  type DuckduckgoBlock,
  type DuckduckgoSite,
  type DuckduckgoSiteOptions,
} from '../../support/sites/duckduckgo-site.ts';
import { plainApi } from '../../support/sites/plain-api.ts';

const AGENT = 'winnow-test/1.0 (someone@example.org)';
const BLOCKS = Object.keys(DUCKDUCKGO_BLOCKS) as DuckduckgoBlock[];

async function site(options: Partial<DuckduckgoSiteOptions> = {}): Promise<DuckduckgoSite> {
  const results = () => duckduckgoResults(1_000, (i) => `https://pictures.example/${i}.jpg`);
  const started = await startDuckduckgoSite({ results, ...options });
  onTestFinished(() => started.close());
  return started;
}

const settingsFor = ({ url }: DuckduckgoSite, more: Partial<DuckduckgoSettings> = {}): DuckduckgoSettings => ({
  url,
  maxPages: 5,
  safeSearch: true,
  region: 'wt-wt',
  userAgent: AGENT,
  ...more,
});

async function plan(settings: DuckduckgoSettings, phrase = 'stingray in sand'): Promise<PlannedQuery> {
  const wanted = { wnid: 'n01498041', name: 'stingray', scientificName: null, entry: [phrase] };
  const [query] = (await duckduckgoSource(settings).plan(wanted, plainApi())).queries;
  if (query === undefined) throw new Error('Expected a query to be planned');
  return query;
}

async function page(settings: DuckduckgoSettings, cursor: Json | null = null, api: SourceApi = plainApi(AGENT)) {
  return duckduckgoSource(settings).nextPage(await plan(settings), cursor, api);
}

async function walk(settings: DuckduckgoSettings, api: SourceApi = plainApi(AGENT)) {
  const urls: string[] = [];
  let pages = 0;
  let cursor: Json | null = null;
  do {
    const { photos, next } = await page(settings, JSON.parse(JSON.stringify(cursor)), api);
    urls.push(...photos.map(({ url }) => url));
    pages += 1;
    cursor = next;
  } while (cursor !== null);
  return { urls, pages };
}

const paths = (duck: DuckduckgoSite) => duck.log.map((request) => request.path);

describe('an image search', () => {
  it('requests a token once and then each page with one request, up to the wanted number of pages', async () => {
    const duck = await site();
    const { urls, pages } = await walk(settingsFor(duck));
    expect(urls).toEqual(Array.from({ length: 500 }, (_, i) => `https://pictures.example/${i}.jpg`));
    expect(pages).toBe(5);
    expect(paths(duck)).toEqual(['/', '/i.js', '/i.js', '/i.js', '/i.js', '/i.js']);
    expect(duck.log.map(({ query }) => query.get('s'))).toEqual([null, null, '100', '200', '300', '400']);
  });

  it("sends the same parameters as the site's own page", async () => {
    const duck = await site();
    await page(settingsFor(duck, { safeSearch: false, region: 'us-en' }));
    const [search, results] = duck.log;
    expect(Object.fromEntries(search?.query ?? [])).toEqual({ q: 'stingray in sand', iar: 'images', t: 'h_' });
    expect(Object.fromEntries(results?.query ?? [])).toMatchObject({
      o: 'json',
      q: 'stingray in sand',
      l: 'us-en',
      p: '-1',
      f: ',,,,,',
    });
    expect(results?.headers).toMatchObject({
      referer: `${duck.url}/`,
      accept: '*/*',
      'sec-fetch-dest': 'empty',
      'sec-fetch-mode': 'cors',
      'sec-fetch-site': 'same-origin',
      'user-agent': AGENT,
    });
  });

  it('stops at an empty page even if it names a next one', async () => {
    const duck = await site({ results: () => duckduckgoResults(200, (i) => `https://pictures.example/${i}.jpg`) });
    const { urls, pages } = await walk(settingsFor(duck, { maxPages: 50 }));
    expect([urls.length, pages, duck.log.length]).toEqual([200, 3, 4]);
  });

  it('follows the offsets that the site gives, whatever the page size', async () => {
    const duck = await site({ perPage: 37 });
    const { urls } = await walk(settingsFor(duck, { maxPages: 4 }));
    expect(new Set(urls).size).toBe(4 * 37);
  });

  it.each(['quotes', 'apostrophes', 'address'] as const)(
    'finds the token in a page that shows it in %s',
    async (tokenPage) => {
      const duck = await site();
      duck.tokenPage = tokenPage;
      expect((await page(settingsFor(duck))).photos.length).toBe(100);
    },
  );

  it.each(['100% "wild" & <free>', 'ロブスター 🦞', 'a+b=c;d/e?f#g'])('searches for %j unchanged', async (phrase) => {
    const duck = await site();
    const settings = settingsFor(duck);
    const { photos } = await duckduckgoSource(settings).nextPage(await plan(settings, phrase), null, plainApi(AGENT));
    expect(photos.length).toBe(100);
    expect(duck.log.map(({ query }) => query.get('q'))).toEqual([phrase, phrase]);
  });
});

describe('the token', () => {
  it('is used for an hour, then requested again', async () => {
    const duck = await site();
    let nowMs = Date.UTC(2026, 0, 1);
    const api = plainApi(AGENT, () => nowMs);
    const first = await page(settingsFor(duck), null, api);
    nowMs += 3_600_000;
    const second = await page(settingsFor(duck), first.next, api);
    nowMs += 1;
    await page(settingsFor(duck), second.next, api);
    expect(paths(duck)).toEqual(['/', '/i.js', '/i.js', '/', '/i.js']);
  });

  it('is not used with another User-Agent, which would get the address blocked', async () => {
    const duck = await site();
    const first = await page(settingsFor(duck));
    const other = 'winnow-test/1.0 (else@example.org)';
    const second = await page(settingsFor(duck, { userAgent: other }), first.next, plainApi(other));
    expect(second.photos.length).toBe(100);
    expect(duck.log.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(JSON.stringify(first.next)).not.toContain('someone@example.org');
  });

  it('from an earlier page is replaced once if it is refused with 403', async () => {
    const duck = await site();
    const first = await page(settingsFor(duck));
    duck.expireTokens();
    const second = await page(settingsFor(duck), first.next);
    expect(second.photos[0]?.url).toBe('https://pictures.example/100.jpg');
    expect(paths(duck).slice(2)).toEqual(['/i.js', '/', '/i.js']);
  });

  it('is not replaced a second time', async () => {
    const duck = await site();
    const first = await page(settingsFor(duck));
    duck.block = 'status-403';
    duck.blockedPages = 'results';
    await expect(page(settingsFor(duck), first.next)).rejects.toMatchObject({ name: 'SourceBlocked' });
    expect(paths(duck).slice(2)).toEqual(['/i.js', '/', '/i.js']);
  });

  it('is not replaced if the refusal asks for a pause', async () => {
    const duck = await site();
    const first = await page(settingsFor(duck));
    duck.faults.push({ status: 403, headers: { 'retry-after': '60' }, body: '' });
    await expect(page(settingsFor(duck), first.next)).rejects.toThrow('asks to wait 60 s');
    expect(paths(duck).slice(2)).toEqual(['/i.js']);
  });

  it('is not replaced if it is new', async () => {
    const duck = await site();
    duck.block = 'status-403';
    duck.blockedPages = 'results';
    await expect(page(settingsFor(duck))).rejects.toMatchObject({ name: 'SourceBlocked' });
    expect(paths(duck)).toEqual(['/', '/i.js']);
  });

  it.each([
    ['without', { name: 'SourceBlocked', code: 'duckduckgo-no-token' }],
    ['odd-token', { name: 'SourceBlocked', code: 'duckduckgo-no-token' }],
    ['other-page', { name: 'RetryLater', code: 'duckduckgo-no-token' }],
    ['empty', { name: 'RetryLater', code: 'duckduckgo-no-token' }],
  ] as const)('that cannot be found (%s) means that no results are asked for', async (tokenPage, error) => {
    const duck = await site();
    duck.tokenPage = tokenPage;
    await expect(page(settingsFor(duck))).rejects.toMatchObject(error);
    expect(paths(duck)).toEqual(['/']);
  });
});

describe('a block', () => {
  it.each(BLOCKS)('of search pages (%s) is reported, and no more requests are sent', async (block) => {
    const duck = await site();
    duck.block = block;
    await expect(page(settingsFor(duck))).rejects.toMatchObject({ name: 'SourceBlocked', code: 'duckduckgo-blocked' });
    expect(paths(duck).filter((path) => path !== '/418.htm')).toEqual(['/']);
  });

  it.each(BLOCKS)('of results (%s) is reported, and no more requests are sent', async (block) => {
    const duck = await site();
    duck.block = block;
    duck.blockedPages = 'results';
    await expect(page(settingsFor(duck))).rejects.toMatchObject({ name: 'SourceBlocked', code: 'duckduckgo-blocked' });
    expect(paths(duck).filter((path) => path !== '/418.htm')).toEqual(['/', '/i.js']);
  });

  it('quotes the answer', async () => {
    const seen = {
      'status-202': 'HTTP 202 with \'<html><div class="anomaly-modal__title">',
      'status-403': "HTTP 403 with 'If this error persists, please let us know: ops@duckduckgo.com'",
      'status-429': 'asks to wait 120 s',
      'redirect-418': '/418.htm with',
    } as const;
    for (const [block, message] of Object.entries(seen)) {
      const duck = await site();
      duck.block = block as DuckduckgoBlock;
      await expect(page(settingsFor(duck))).rejects.toThrow(message);
    }
  });

  it('in the middle of a walk keeps the pages before it', async () => {
    const duck = await site();
    duck.block = 'status-202';
    duck.blockAfter = 3;
    const first = await page(settingsFor(duck));
    const second = await page(settingsFor(duck), first.next);
    await expect(page(settingsFor(duck), second.next)).rejects.toMatchObject({ name: 'SourceBlocked' });
    duck.block = null;
    const third = await page(settingsFor(duck), second.next);
    expect(third.photos[0]?.url).toBe('https://pictures.example/200.jpg');
  });
});

describe('a failing server', () => {
  it.each([500, 502, 503])('is asked again later after HTTP %i', async (status) => {
    const duck = await site();
    duck.faults.push({ status, body: 'busy', headers: { 'retry-after': '9' } });
    await expect(page(settingsFor(duck))).rejects.toMatchObject({
      name: 'RetryLater',
      code: 'http-5xx',
      retryAfterMs: 9_000,
    });
    expect((await page(settingsFor(duck))).photos.length).toBe(100);
  });
});
