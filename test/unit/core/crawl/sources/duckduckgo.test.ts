import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  duckduckgoSource,
  type DuckduckgoSettings,
} from '../../../../../src/core/crawl/sources/duckduckgo/duckduckgo.ts';
import type { Json } from '../../../../../src/core/crawl/sources/network-source.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';
import { NOW_MS, outcomeOf, planOf, queryOf, scripted, type Script } from './scripted-api.ts';

const SETTINGS: DuckduckgoSettings = {
  url: 'https://duckduckgo.com',
  maxPages: 5,
  safeSearch: true,
  region: 'wt-wt',
  userAgent: 'winnow-test/1.0 (someone@example.org)',
};
const source = duckduckgoSource(SETTINGS);
const TOKEN = '4-123456789012345678901234567890';
const SEARCH_PAGE = `<html><title>x at DuckDuckGo</title><script>vqd="${TOKEN}";</script></html>`;
const BLOCKED = 'SourceBlocked duckduckgo-blocked';
const NO_TOKEN = 'RetryLater duckduckgo-no-token';

const results = (fields: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ results: [{ image: 'https://x/1.jpg' }], ...fields });

/** Requests a page. Returns also the paths that were requested. */
async function take(answers: readonly Script[], more: { cursor?: Json; settings?: object; nowMs?: number } = {}) {
  const api = scripted(answers, more.nowMs);
  const own = duckduckgoSource({ ...SETTINGS, ...more.settings });
  const page = own.nextPage(await queryOf(source, ['stingray']), more.cursor ?? null, api);
  const outcome = await outcomeOf(page);
  return { page, outcome, paths: api.requests.map(({ url }) => new URL(url).pathname), requests: api.requests };
}

const photosOf = async (list: readonly unknown[]) =>
  (await (await take([SEARCH_PAGE, JSON.stringify({ results: list })])).page).photos;

describe('planning a class on DuckDuckGo', () => {
  it.each<[string, Json | undefined, string[], string[]]>([
    ['each phrase once', ['stingray in sand', 'ray', 'ray'], ['stingray in sand', 'ray'], []],
    ['the name of a class without a line', undefined, ['stingray'], ['note: *searched by its name']],
    ['nothing for null', null, [], ['note: *duckduckgo']],
    ['nothing for an empty list', [], [], ['note: *duckduckgo']],
    ['nothing for a text', 'ray', [], ['problem: *a list of phrases']],
    ['499 characters, with normalised blanks', ['x'.repeat(499), ' sting\n\tray '], ['x'.repeat(499), 'sting ray'], []],
    ['no search of another site', ['!w ray'], ['w ray'], [`note: *searched for as 'w ray'`]],
    ['no search of another site at the end', ['ray !gi'], ['ray gi'], [`note: *searched for as 'ray gi'`]],
    ['no first result', [String.raw`\!ray`], ['ray'], [`note: *searched for as 'ray'`]],
    ...['', '  ', '!', 'x'.repeat(500), 7, { text: 'x' }].map((bad): [string, Json, string[], string[]] => [
      `the valid phrases beside ${JSON.stringify(bad).slice(0, 20)}`,
      [bad, 'ray'],
      ['ray'],
      ['problem: *n01498041 (stingray)'],
    ]),
  ])('searches for %s', async (_, ...[entry, phrases, remarks]) => {
    const { queries, problems, notes } = await planOf(source, entry);
    expect(queries.map(({ title }) => title)).toEqual(phrases.map((phrase) => `"${phrase}"`));
    const received = [...problems.map((text) => `problem: ${text}`), ...notes.map((text) => `note: ${text}`)];
    expect(received).toHaveLength(remarks.length);
    for (const [i, remark] of remarks.entries())
      for (const part of remark.split('*')) expect(received[i]).toContain(part);
  });

  it('accepts every line of the queries that come with winnow', async () => {
    const file = path.join(repositoryRoot, 'config/classes/queries-imagenet-a.jsonl');
    for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
      const { duckduckgo }: { duckduckgo: string[] } = JSON.parse(line);
      const { queries, problems, notes } = await planOf(source, duckduckgo);
      expect([queries.length, problems, notes]).toEqual([duckduckgo.length, [], []]);
    }
  });

  it('plans the same query again, and another one if settings change the results', async () => {
    const keyOf = async (more: object) => (await queryOf(duckduckgoSource({ ...SETTINGS, ...more }), ['ray'])).key;
    expect(await keyOf({ maxPages: 9, userAgent: 'x' })).toBe(await keyOf({}));
    expect(new Set([await keyOf({}), await keyOf({ region: 'us-en' }), await keyOf({ safeSearch: false })]).size).toBe(
      3,
    );
  });
});

describe('a page of DuckDuckGo', () => {
  it("is requested with a token, and with the parameters and headers of the site's own page", async () => {
    const api = scripted([SEARCH_PAGE, results({})]);
    const own = duckduckgoSource({ ...SETTINGS, safeSearch: false, region: 'us-en' });
    const phrase = '100% "wild" & <free> 🦞 a+b=c;d/e?f#g';
    await own.nextPage(await queryOf(own, [phrase]), null, api);
    const [search, page] = api.requests.map(({ url, headers }) => ({ url: new URL(url), headers }));
    expect(Object.fromEntries(search?.url.searchParams ?? [])).toEqual({ q: phrase, iar: 'images', t: 'h_' });
    const sent = { o: 'json', q: phrase, l: 'us-en', p: '-1', f: ',,,,,', vqd: TOKEN };
    expect(Object.fromEntries(page?.url.searchParams ?? [])).toEqual(sent);
    expect(page?.headers).toEqual({
      referer: 'https://duckduckgo.com/',
      accept: '*/*',
      'sec-fetch-dest': 'empty',
      'sec-fetch-mode': 'cors',
      'sec-fetch-site': 'same-origin',
    });
  });

  it.each<[unknown, string | null]>([
    [{ image: 'https://x/1.jpg', url: 7, width: '1', new: [] }, null],
    [{ image: 'https://x/1.jpg', url: 'javascript:alert(1)' }, null],
    [{ image: 'ftp://x/1.jpg' }, 'scheme-refused'],
    [{ image: 'https://u:pw@x/1.jpg' }, 'address-refused'],
    ...[null, 7, [], {}, { image: null }, { image: '' }].map((odd): [unknown, string] => [odd, 'unreadable']),
  ])('reads the result %j as a photo or counts it as a problem: %j', async (result, reason) => {
    const [photo] = await photosOf([result]);
    expect([photo?.pageUrl, photo?.problem?.reason ?? null]).toEqual([null, reason]);
    expect(photo?.sourceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('gives each odd result its own id, and two spellings of one address the same id', async () => {
    const photos = await photosOf([null, 7, [], {}, { image: 'HTTPS://X:443/a/../1.jpg#top' }]);
    expect(new Set(photos.map(({ sourceId }) => sourceId)).size).toBe(5);
    expect((await photosOf([{ image: 'https://x/1.jpg' }]))[0]).toEqual(photos[4]);
  });

  it.each([
    ['i.js?q=x&s=100&u=bing', 100],
    ['https://elsewhere.example/i.js?s=100', 100],
    ['i.js?q=x&s=0', null],
    ['i.js?q=x&s=-5', null],
    ['i.js?q=x&s=1e3', null],
    ['', null],
    [7, null],
    [undefined, null],
  ])('that names %j as the next one is followed by the offset %j', async (next, offset) => {
    const { page } = await take([SEARCH_PAGE, results({ next })]);
    expect(await page).toMatchObject({ next: offset === null ? null : { pages: 1, offset } });
  });

  it('is the last one if it is empty, or the last that is wanted', async () => {
    const next = 'i.js?s=300';
    const empty = await take([SEARCH_PAGE, results({ results: [], next })]);
    expect((await empty.page).next).toBeNull();
    const cursor = { pages: 4, offset: 200, token: null };
    expect((await (await take([SEARCH_PAGE, results({ next })], { cursor })).page).next).toBeNull();
  });
});

const BUSY = { body: 'busy', headers: { 'retry-after': '9' } };
const REFUSALS: readonly [string, Script, string][] = [
  ['HTTP 202', { status: 202, body: '<html><div class="anomaly-modal__title">bots</div></html>' }, BLOCKED],
  ['a challenge', '<html><form action="//duckduckgo.com/anomaly.js?sv=html"></form></html>', BLOCKED],
  ['the challenge of 2026', '<html><form id="challenge-form" method="post"></form></html>', BLOCKED],
  ['a script', "DDG.deep.anomalyDetectionBlock({gk:'d4cd',q:'x'})", BLOCKED],
  ['HTTP 403', { status: 403, body: 'If this error persists, please let us know: ops@duckduckgo.com' }, BLOCKED],
  ['HTTP 429', { status: 429, headers: { 'retry-after': '120' } }, BLOCKED],
  ['a redirect to 418', { url: 'https://duckduckgo.com/418.htm', body: '<h1>I am a teapot</h1>' }, BLOCKED],
  ['a redirect elsewhere', { url: 'https://www.google.com/search?q=x', body: SEARCH_PAGE }, BLOCKED],
];
const ofStatuses = (statuses: readonly number[], answer: object, outcome: string) =>
  statuses.map((status) => [`HTTP ${status}`, { status, ...answer }, outcome] as const);

describe('a refusal of DuckDuckGo', () => {
  it.each([
    ...REFUSALS,
    ...ofStatuses([204, 301, 302, 304, 400, 401, 404, 410, 418, 451], {}, BLOCKED),
    ...ofStatuses([500, 502, 503], BUSY, 'RetryLater http-5xx'),
  ])('by %s is recognised at both requests, and none follows', async (_, answer, expected) => {
    const search = await take([answer]);
    const page = await take([SEARCH_PAGE, answer]);
    expect([search.outcome, search.paths]).toEqual([expected, ['/']]);
    expect([page.outcome, page.paths]).toEqual([expected, ['/', '/i.js']]);
  });

  it.each(['{"results":{}}', '{"error":"too many"}', '{"results":[{"image":"https://x/1', '', '<html>Down</html>'])(
    'is not the body %j, which is requested again later',
    async (body) => {
      const { page, outcome } = await take([SEARCH_PAGE, body]);
      expect(outcome).toMatch(/^RetryLater/);
      await expect(page).rejects.toThrow(`'${body}'`);
    },
  );

  it('is not a redirect from http to https, nor a phrase about anomalies', async () => {
    const body = results({ query: 'anomaly-modal is506 "if this error persists"' });
    expect((await take([{ body: SEARCH_PAGE, url: 'http://duckduckgo.com/?q=x' }, body])).outcome).toBe('1 photos');
  });
});

describe('the token', () => {
  const page = (text: string): string => `<title>x at DuckDuckGo</title>${text}`;

  it.each([
    [page(`<script>vqd="${TOKEN}";</script>`), '1 photos'],
    [page(`<script>vqd='${TOKEN}';safe_ddg=0;</script>`), '1 photos'],
    [page(`<script>nrj('/d.js?q=x&vqd=${TOKEN}&p_ent=');</script>`), '1 photos'],
    [page(`vqd="undefined" vqd='4-1234567890'`), '1 photos'],
    ...['4-12', 'null', '', '4-1234567890; Path=/'].map((text) => [page(`vqd="${text}"`), 'SourceBlocked']),
    [page('avqd="4-1234567890"'), 'SourceBlocked'],
    [page(''), 'SourceBlocked'],
    ['<title>Down for maintenance</title>', NO_TOKEN],
    ['', NO_TOKEN],
  ])('is read from %j, or no results are requested: %s', async (body = '', expected = '') => {
    const { outcome, paths } = await take([body, results({})]);
    expect(outcome).toContain(expected);
    expect(paths).toEqual(outcome === '1 photos' ? ['/', '/i.js'] : ['/']);
  });

  const second = async (): Promise<Json> =>
    (await (await take([SEARCH_PAGE, results({ next: 'i.js?s=100' })])).page).next;
  const HOUR_MS = 3_600_000;
  const refused = { status: 403, body: 'no' };
  const fresh = [SEARCH_PAGE, results({})];

  it.each<[string, { nowMs?: number; settings?: object }, Script[], string, string[]]>([
    ['is used for an hour', { nowMs: NOW_MS + HOUR_MS }, [results({})], '1 photos', ['/i.js']],
    ['is replaced after an hour', { nowMs: NOW_MS + HOUR_MS + 1 }, fresh, '1 photos', ['/', '/i.js']],
    ['is not used with another User-Agent', { settings: { userAgent: 'x' } }, fresh, '1 photos', ['/', '/i.js']],
    ['is replaced once if it is refused', {}, [refused, ...fresh], '1 photos', ['/i.js', '/', '/i.js']],
    ['is not replaced twice', {}, [refused, SEARCH_PAGE, refused], BLOCKED, ['/i.js', '/', '/i.js']],
    [
      'is not replaced if the refusal asks for a pause',
      {},
      [{ ...refused, headers: { 'retry-after': '60' } }],
      BLOCKED,
      ['/i.js'],
    ],
  ])('%s', async (_, ...[more, answers, expected, paths]) => {
    const cursor = await second();
    expect(JSON.stringify(cursor)).not.toContain('someone@example.org');
    const taken = await take(answers, { ...more, cursor });
    expect([taken.outcome, taken.paths]).toEqual([expected, paths]);
    expect(new URL(taken.requests.at(-1)?.url ?? '').searchParams.get('s')).toBe('100');
  });
});
