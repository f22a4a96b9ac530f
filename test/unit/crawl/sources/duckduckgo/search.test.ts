import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { RetryLater, SourceBlocked } from '../../../../../src/kernel/errors.ts';
import { IGNORE_ROBOTS_NOTICE } from '../../../../../src/crawl/sources/duckduckgo/duckduckgo.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';
import { firstPage, photosOf, plan, SEARCH_PAGE, SETTINGS } from './support.ts';

const results = (fields: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ results: [{ image: 'https://x/1.jpg' }], ...fields });

describe('results', () => {
  it('may have other keys than today, or lack all except the image', async () => {
    expect(await photosOf([{ image: 'https://x/1.jpg', url: 7, width: '1', image_token: {}, new: [] }])).toMatchObject([
      { url: 'https://x/1.jpg', pageUrl: null, problem: null },
    ]);
  });

  it.each([
    ['ftp://x/1.jpg', 'scheme-refused'],
    ['data:image/png;base64,AAAA', 'scheme-refused'],
    ['https://u:pw@x/1.jpg', 'address-refused'],
    ['//x/1.jpg', 'unreadable'],
    ['', 'unreadable'],
  ])('with the image %j fail as %s', async (image, reason) => {
    expect(await photosOf([{ image }])).toMatchObject([
      { sourceId: expect.stringMatching(/^[0-9a-f]{32}$/), problem: { state: 'failed', reason } },
    ]);
  });

  it.each([['javascript:alert(1)'], ['x'], [''], ['//x/y']])(
    'do not show a page whose address is not http: %j',
    async (url) => {
      expect(await photosOf([{ image: 'https://x/1.jpg', url }])).toMatchObject([{ pageUrl: null, problem: null }]);
    },
  );

  it('that are not valid are counted, each with its own id', async () => {
    const photos = await photosOf([null, 7, [], {}, { image: null }, { image: 'https://x/1.jpg' }]);
    expect(photos.filter(({ problem }) => problem === null).length).toBe(1);
    expect(new Set(photos.map(({ sourceId }) => sourceId)).size).toBe(6);
  });

  it('with two spellings of one address are one picture', async () => {
    const [a, b] = await photosOf([{ image: 'HTTPS://X:443/a/../1.jpg#top' }, { image: 'https://x/1.jpg' }]);
    expect(a).toEqual(b);
  });
});

describe('the next page', () => {
  it.each([
    ['i.js?q=x&s=100&u=bing', 100],
    ['https://elsewhere.example/i.js?s=100', 100],
    ['/i.js?s=7&s=9', 7],
    ['i.js?q=x&s=0', null],
    ['i.js?q=x&s=-5', null],
    ['i.js?q=x&s=1e3', null],
    ['i.js?q=x', null],
    ['', null],
    [7, null],
    [undefined, null],
  ])('after %j begins at %j', async (next, offset) => {
    const { page } = await firstPage(SEARCH_PAGE, results({ next }));
    expect((page.next as { offset: number } | null)?.offset ?? null).toBe(offset);
  });
});

describe('invalid answers', () => {
  it.each([
    ['results', 'is no list', '{"results":{}}'],
    ['a message', 'is an error', '{"error":"too many"}'],
    ['half an answer', 'is cut off', '{"results":[{"image":"https://x/1'],
    ['nothing', 'is empty', ''],
    ['a page', 'is HTML', '<html><title>Maintenance</title></html>'],
  ])('are retried later: %s that %s', async (_, __, body) => {
    await expect(firstPage(SEARCH_PAGE, body)).rejects.toThrow(RetryLater);
    await expect(firstPage(SEARCH_PAGE, body)).rejects.toThrow(`'${body}'`);
  });

  it('quote no more than 200 characters', async () => {
    const error = await firstPage(SEARCH_PAGE, 'x'.repeat(1_000_000)).catch((error_: unknown) => error_);
    expect(String(error).length).toBeLessThan(400);
  });

  it.each([204, 302, 304, 401, 404, 410, 451])(
    'count as a block for HTTP %i, as does everything that is not clearly something else',
    async (status) => {
      await expect(firstPage({ status })).rejects.toThrow(SourceBlocked);
      await expect(firstPage(SEARCH_PAGE, { status })).rejects.toThrow(SourceBlocked);
    },
  );

  it.each([
    'https://duckduckgo.com/418.htm',
    'https://www.google.com/search?q=x',
    'https://duckduckgo.com/static-pages/418.html?x',
  ])('count as a block if they redirect to %s without the search', async (url) => {
    await expect(firstPage({ url, body: SEARCH_PAGE })).rejects.toThrow(SourceBlocked);
    await expect(firstPage(SEARCH_PAGE, { url, body: results({}) })).rejects.toThrow(
      `at ${url.replace(/\?.*/, '')} with`,
    );
  });

  it('count as valid if https replaced http, or if their text is about anomalies', async () => {
    const body = results({ query: 'anomaly-modal is506 "if this error persists"' });
    const { page } = await firstPage({ body: SEARCH_PAGE, url: 'http://duckduckgo.com/?q=x' }, body);
    expect(page.photos.length).toBe(1);
  });

  it.each([
    'vqd="4-12"',
    'vqd="null"',
    'vqd=""',
    'vqd="4-1234567890; Path=/"',
    'avqd="4-1234567890"',
    'vqd: 4-1234567890',
  ])('contain no token in %s', async (text) => {
    await expect(firstPage(`<title>x at DuckDuckGo</title>${text}`)).rejects.toMatchObject({
      code: 'duckduckgo-no-token',
    });
  });

  it('contain a token in an unusual place', async () => {
    const { requests } = await firstPage(`vqd="undefined" vqd='4-1234567890'`, results({}));
    expect(requests[1]?.url).toContain('vqd=4-1234567890');
  });
});

describe('planning a class on DuckDuckGo', () => {
  it('plans a query for each phrase without a request', async () => {
    const { queries, problems, notes } = await plan(['stingray in sand', 'ray', 'ray']);
    expect(queries.map(({ title }) => title)).toEqual(['"stingray in sand"', '"ray"']);
    expect([problems, notes]).toEqual([[], []]);
  });

  it('accepts every line of the queries that come with winnow', async () => {
    const file = path.join(repositoryRoot, 'config/classes/queries-imagenet-a.jsonl');
    for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
      const { duckduckgo }: { duckduckgo: string[] } = JSON.parse(line);
      const { queries, problems, notes } = await plan(duckduckgo);
      expect([queries.length, problems, notes]).toEqual([duckduckgo.length, [], []]);
    }
  });

  it('searches by name, with a note, for a class without a line', async () => {
    const { queries, notes } = await plan(undefined);
    expect(queries.map(({ title }) => title)).toEqual(['"stingray"']);
    expect(notes).toEqual([expect.stringContaining('searched by its name')]);
  });

  it.each([[null], [[]]])('searches for nothing, with a note, if the line says %j', async (entry) => {
    expect(await plan(entry)).toMatchObject({
      queries: [],
      problems: [],
      notes: [expect.stringContaining('duckduckgo')],
    });
  });

  it.each([
    ['!w stingray', 'w stingray'],
    ['!!! stingray', 'stingray'],
    ['stingray !gi', 'stingray gi'],
    ['gi! stingray', 'gi stingray'],
    ['\\stingray', 'stingray'],
    ['\\!stingray', 'stingray'],
  ])('sends no search to another site: %j becomes %j, with a note', async (phrase, sent) => {
    const { queries, notes } = await plan([phrase]);
    expect(queries.map(({ title }) => title)).toEqual([`"${sent}"`]);
    expect(notes).toEqual([expect.stringContaining(`searched for as '${sent}'`)]);
  });

  it.each([[''], ['  '], ['!'], ['x'.repeat(500)], [7], [{ text: 'x' }]])(
    'reports the phrase %j as a problem and uses the others',
    async (phrase) => {
      const { queries, problems } = await plan([phrase, 'ray']);
      expect([queries.length, problems.length]).toEqual([1, 1]);
      expect(problems[0]).toContain('n01498041 (stingray)');
    },
  );

  it('accepts 499 characters and normalises blanks', async () => {
    const { queries, notes } = await plan(['x'.repeat(499), ' sting\n\tray ']);
    expect([queries.length, queries[1]?.title, notes]).toEqual([2, '"sting ray"', []]);
  });

  it('reports an entry that is not a list as a problem', async () => {
    expect(await plan('ray')).toMatchObject({ queries: [], problems: [expect.stringContaining('a list of phrases')] });
  });

  it('plans the same query again, and another one if settings change the results', async () => {
    const keyOf = async (more: object) => (await plan(['ray'], { ...SETTINGS, ...more })).queries[0]?.key;
    expect(await keyOf({ maxPages: 9, userAgent: 'x' })).toBe(await keyOf({}));
    expect(new Set([await keyOf({}), await keyOf({ region: 'us-en' }), await keyOf({ safeSearch: false })]).size).toBe(
      3,
    );
  });
});

it('names the setting that its search pages need', () => {
  expect(IGNORE_ROBOTS_NOTICE).toContain('sources.duckduckgo.ignoreRobots: true');
});
