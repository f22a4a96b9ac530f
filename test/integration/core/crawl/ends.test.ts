import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CrawlSummary } from '../../../../src/core/library/crawl-summary.process.ts';
import type { RecordedJob } from '../../../../src/core/runtime/work/job-history.repository.ts';
import { freePort } from '../../../support/free-port.ts';
import { numberFrom } from '../../../support/sizing.ts';
import { until } from '../../../support/until.ts';
import { catalogueOf, useSharedServer } from '../../../support/shared-server.ts';
import {
  startLocalServer,
  type LocalAnswer,
  type LocalRequest,
  type LocalServer,
} from '../../../support/sites/local-server.ts';
import { writeUrlList } from '../../../support/url-list.ts';
import { jsonLines, setFlags, startWinnow } from '../../../support/winnow.ts';
import {
  GOOSE,
  startCommons,
  startDuckduckgo,
  startFlickr,
  startInaturalist,
  type CrawledSite,
} from './crawled-sites.ts';
import { onSite, type Crawls } from './crawls.ts';

useSharedServer();

const NOT_FOUND = { status: 404, body: 'not found' };

async function startApi(answer: (request: LocalRequest) => LocalAnswer): Promise<LocalServer> {
  const server = await startLocalServer(answer);
  onTestFinished(() => server.close());
  return server;
}

/** Geese have lines for both sources. */
async function startGeese(): Promise<CrawledSite> {
  const site = await startDuckduckgo();
  return { ...site, searchedBy: 'taxa', flags: ['--class', 'goose'] };
}

/** DuckDuckGo answers. iNaturalist is at another address. */
const beside = (url: string, settings: Readonly<Record<string, string | number>> = {}): string[] => [
  '--source',
  'inaturalist,duckduckgo',
  ...setFlags({ 'sources.inaturalist.url': url, 'sources.inaturalist.requestsPerMinute': 60_000, ...settings }),
];

async function summaryOf(crawls: Crawls, code: number, ...flags: string[]): Promise<CrawlSummary> {
  const crawled = await crawls.crawl('--json', ...flags);
  expect([crawled.code, crawled.stderr]).toEqual([code, expect.not.stringContaining('Interrupted')]);
  return JSON.parse(crawled.stdout) as CrawlSummary;
}

describe('a crawl of Wikimedia Commons that is killed', () => {
  const KILLS = numberFrom('WINNOW_TEST_KILLS', 2);

  it(
    'loses nothing, fetches nothing that it had, and keeps to its limits',
    { timeout: KILLS * 15_000 + 60_000 },
    async () => {
      await onSite(
        () => startCommons(),
        async (site, crawls) => {
          const had: (string | null)[] = [];
          const flags = setFlags({ 'sources.commons.mediaRequestsPerMinute': 600 });
          await catalogueOf(crawls.file('data'));
          for (let kill = 0; kill < KILLS; kill += 1) {
            const pictures = site.pictures().length;
            const crawl = startWinnow(crawls.crawlArgs(...flags));
            await until(() => site.pictures().length >= pictures + 4);
            crawl.killGroup('SIGKILL');
            await crawl.result;
            const fetched = (await crawls.candidates()).filter(({ state }) => state === 'fetched');
            const again = site.pictures().slice(pictures);
            expect(again.filter(({ path }) => had.includes(path))).toEqual([]);
            had.push(...fetched.map(({ url }) => (url === null ? null : new URL(url).pathname)));
          }
          expect(await crawls.crawl(...flags)).toMatchObject({ code: 0 });
          const lines = await crawls.candidates();
          expect(lines.map(({ wnid, sourceId }) => `${wnid} ${sourceId}`).toSorted()).toEqual(site.photos);
          expect(new Set(lines.map((line) => line.reason ?? line.state))).toEqual(new Set(site.ends));
          expect(site.site.mostInFlight()).toEqual({ api: 1, media: expect.toSatisfy((most: number) => most <= 2) });
          const times = site.site.log.thumbs.map(({ atMs }) => atMs);
          expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan((times.length - 2) * 100);
        },
      );
    },
  );
});

describe('a source whose requests fail', () => {
  const FAILURES = [
    { what: 'HTTP 500', error: /HTTP 500 with 'boom'/, start: () => startApi(() => ({ status: 500, body: 'boom' })) },
    {
      what: 'a dead address',
      error: /^No answer from 127\.0\.0\.1:\d+: .*ECONNREFUSED/,
      start: async () => ({ url: `http://127.0.0.1:${await freePort()}` }),
    },
  ];
  it.each(FAILURES)(
    'is given up with its reason and what is left, and the others go on: $what',
    async ({ error, start }) => {
      await onSite(startGeese, async (_, crawls) => {
        const { url } = await start();
        const flags = beside(url, { 'crawl.giveUpAfterMs': 2_000 });
        const { stopped, sources, next } = await summaryOf(crawls, 1, ...flags);
        const { host } = new URL(url);
        const stop = {
          source: 'inaturalist',
          reason: 'gave-up',
          error: expect.stringMatching(error),
          host,
          until: null,
        };
        expect(stopped).toEqual([{ ...stop, searches: 1, pictures: 0 }]);
        expect(sources).toContainEqual(expect.objectContaining({ source: 'duckduckgo', fetched: 12 }));
        expect(next).toContainEqual(expect.stringMatching(/^winnow crawl .*--class goose --source inaturalist$/));
        const status = await crawls.status();
        const row = status.sources.find(({ source }) => source === 'inaturalist');
        expect(row?.stopped).toMatchObject({ reason: 'gave-up', host, until: null, at: expect.stringMatching(/Z$/) });
        const jobs = jsonLines<RecordedJob>((await crawls.run('jobs', '--json')).stdout);
        const failed = jobs.filter(({ source, state }) => source === 'inaturalist' && state === 'failed');
        expect(failed.map(({ reason }) => reason)).toContainEqual(expect.stringMatching(error));
      });
    },
  );

  it('is given up at once if its site asks for a longer pause, with the time, also by the next crawl', async () => {
    await onSite(startGeese, async (_, crawls) => {
      const api = await startApi(() => ({ status: 429, headers: { 'retry-after': '3600' }, body: 'later' }));
      const untilMs = Date.now() + 3_600_000;
      for (let i = 0; i < 2; i += 1) {
        const { stopped } = await summaryOf(crawls, 1, ...beside(api.url));
        expect(stopped).toMatchObject([{ source: 'inaturalist', reason: 'retry-after' }]);
        expect(Date.parse(stopped[0]?.until ?? '') - untilMs).toBeLessThan(60_000);
        expect(Date.parse(stopped[0]?.until ?? '') - untilMs).toBeGreaterThan(-60_000);
      }
      expect(api.log).toHaveLength(1);
    });
  });

  it('of a list is given up if no host answers, and its pictures wait', async () => {
    await onSite(startGeese, async (_, crawls) => {
      const host = `127.0.0.1:${await freePort()}`;
      const from = await writeUrlList(crawls.file('list.csv'), [`http://${host}/1.jpg`, `http://${host}/2.jpg`], GOOSE);
      const flags = setFlags({ 'crawl.giveUpAfterMs': 1_000, 'fetch.tries': 5, 'fetch.allowAddresses': host });
      const { stopped, next } = await summaryOf(crawls, 1, '--source', 'urls', '--from', from, ...flags);
      const error = `the robots.txt of ${host} cannot be fetched (connect)`;
      expect(stopped).toEqual([
        { source: 'urls', reason: 'gave-up', error, host, until: null, searches: 0, pictures: 2 },
      ]);
      expect(next).toEqual([expect.stringMatching(/ --from \S+list\.csv .*--source urls$/)]);
    });
  });

  it.each([
    ['the host of its last pictures', false],
    ['the host to which they redirect', true],
  ])('of a list is given up if %s asks for a longer pause, and other hosts are served', async (_, isRedirected) => {
    await onSite(startGeese, async (site, crawls) => {
      const later = { status: 429, headers: { 'retry-after': '3600' }, body: 'later' };
      const host = await startApi(({ url }) => (url.pathname === '/robots.txt' ? NOT_FOUND : later));
      const first = await startApi(({ url: { pathname } }) =>
        pathname === '/robots.txt' ? NOT_FOUND : { status: 302, headers: { location: host.url + pathname }, body: '' },
      );
      const at = isRedirected ? first.url : host.url;
      const urls = [`${at}/1.jpg`, `${at}/2.jpg`, ...site.photos.map((photo) => photo.split(' ')[1] ?? '')];
      const from = await writeUrlList(crawls.file('list.csv'), urls, GOOSE);
      const hosts = [first, host].map(({ url }) => new URL(url).host);
      const allowed = [...hosts, site.settings['fetch.allowAddresses']].join(',');
      const settings = { 'fetch.allowAddresses': allowed, 'fetch.connectionsPerHost': 1 };
      const flags = ['--source', 'urls', '--from', from, ...setFlags(settings)];
      for (let i = 0; i < 2; i += 1) {
        const { stopped, sources, next } = await summaryOf(crawls, 1, ...flags);
        expect(stopped).toMatchObject([
          { source: 'urls', reason: 'retry-after', host: new URL(host.url).host, searches: 0, pictures: 2 },
        ]);
        expect(sources).toMatchObject([{ source: 'urls', fetched: i === 0 ? 12 : 0 }]);
        expect(next[0]).toMatch(/^winnow crawl .* --source urls # not before \S+Z$/);
      }
      expect(host.log.map(({ path }) => path)).toEqual(['/robots.txt', expect.stringMatching(/^\/[12]\.jpg$/)]);
    });
  });

  it('of a list is given up if so many of its pictures are at such a host that its walk has no room', async () => {
    await onSite(startGeese, async (_, crawls) => {
      const later = { status: 429, headers: { 'retry-after': '3600' }, body: 'later' };
      const host = await startLocalServer(({ url }) => (url.pathname === '/robots.txt' ? NOT_FOUND : later));
      onTestFinished(() => host.close());
      const urls = Array.from({ length: 600 }, (_one, i) => `${host.url}/${i}.jpg`);
      const from = await writeUrlList(crawls.file('list.csv'), urls, GOOSE);
      const settings = { 'crawl.maxBacklog': 100, 'fetch.allowAddresses': new URL(host.url).host };
      const { stopped } = await summaryOf(crawls, 1, '--source', 'urls', '--from', from, ...setFlags(settings));
      expect(stopped).toMatchObject([{ source: 'urls', reason: 'retry-after', searches: 0, pictures: 256 }]);
    });
  });

  it('is not given up for a used-up budget of winnow: the crawl says until when it waits', async () => {
    await onSite(
      () => startInaturalist(8),
      async (site, crawls) => {
        const flags = setFlags({ 'sources.inaturalist.requestsPerDay': 2, 'crawl.giveUpAfterMs': 1_000 });
        await crawls.candidates();
        const running = startWinnow(crawls.crawlArgs(...flags));
        let shown = '';
        running.child.stderr?.on('data', (text: string) => (shown += text));
        const waits = /source:inaturalist waits until \S+: the requests of the last 24 hours are used up/;
        while (!waits.test(shown)) await sleep(100);
        running.killGroup('SIGINT');
        const { code } = await running.result;
        expect([code, site.searches().length]).toEqual([130, 2]);
        expect((await crawls.run('jobs')).stdout).toMatch(/the requests of the last 24 hours are used up/);
      },
    );
  });
});

async function completions(crawls: Crawls): Promise<readonly (string | null)[]> {
  const { queries } = await crawls.status();
  return queries.filter(({ kind }) => kind === 'search').map(({ completedAt }) => completedAt);
}

/** The numbers of the searches are those of a walk over all photos found, or over the added one alone. */
async function expectOfNewestWalk(crawls: Crawls, { found, isWhole }: { found: number; isWhole: boolean }) {
  const { queries } = await crawls.status();
  expect(queries.reduce((sum, { seen }) => sum + seen, 0)).toBe(isWhole ? found : 1);
  for (const { seen, total } of queries) expect(total ?? seen).toBe(seen);
}

it('a search that the site refused is made again by the next crawl', async () => {
  await onSite(
    () => startFlickr('no-such-search'),
    async (site, crawls) => {
      await crawls.crawl();
      expect((await crawls.status()).queries).toMatchObject([{}, { kind: 'search', state: 'refused' }]);
      const asked = site.searches().length;
      expect((await crawls.crawl()).code).toBe(0);
      expect(site.searches().length).toBeGreaterThan(asked);
      expect((await crawls.status()).queries).toMatchObject([{}, { state: 'done', problems: [] }]);
    },
  );
});

it('a limit for one class changes nothing about the open searches of the others', async () => {
  await onSite(
    () => startInaturalist(8),
    async (_, crawls) => {
      await crawls.crawl('--limit', '2');
      expect((await crawls.status()).unfinishedQueries).toBe(0);
      await crawls.crawl('--class', 'goose', '--limit', '100');
      expect((await crawls.status()).unfinishedQueries).toBe(0);
    },
  );
});

describe('crawl --again', () => {
  const SITES: {
    name: string;
    goesOn: { readonly name: string; readonly value: RegExp } | null;
    start: () => Promise<CrawledSite>;
  }[] = [
    { name: 'inaturalist', goesOn: { name: 'id_above', value: /^[1-9]/ }, start: () => startInaturalist(8) },
    { name: 'flickr', goesOn: { name: 'min_upload_date', value: /^1[6-9]/ }, start: () => startFlickr() },
    { name: 'duckduckgo', goesOn: null, start: () => startDuckduckgo() },
  ];
  it.each(SITES)('finds what $name has got since, which an ordinary crawl does not', async ({ goesOn, start }) => {
    await onSite(start, async (site, crawls) => {
      expect((await crawls.crawl()).code).toBe(0);
      const [known, asked] = [await crawls.candidates(), site.searches().length];
      const before = await completions(crawls);
      expect(before).not.toContain(null);
      await sleep(1_100);
      const added = site.add?.();
      expect([(await crawls.crawl()).code, site.searches().length]).toEqual([0, asked]);
      expect((await crawls.crawl('--again')).code).toBe(0);
      const ids = new Set(known.map(({ sourceId }) => sourceId));
      const news = (await crawls.candidates()).filter(({ sourceId }) => !ids.has(sourceId));
      expect(news.map(({ sourceId, url }) => (goesOn === null ? url : sourceId))).toEqual([added]);
      for (const { query } of goesOn === null ? [] : site.searches().slice(asked))
        expect(query?.get(goesOn?.name ?? '')).toMatch(goesOn?.value ?? '');
      await expectOfNewestWalk(crawls, { found: known.length + 1, isWhole: goesOn === null });
      const after = await completions(crawls);
      for (const [i, at] of after.entries()) expect(at?.localeCompare(before[i] ?? '')).toBe(1);
      const again = site.searches().length;
      expect([(await crawls.crawl()).code, site.searches().length]).toEqual([0, again]);
    });
  });
});
