import { describe, expect, it } from 'vitest';
import type { CrawlSummary } from '../../../../src/core/library/crawl-summary.process.ts';
import { useSharedServer } from '../../../support/shared-server.ts';
import {
  SOURCES,
  startCommons,
  startDuckduckgo,
  startFlickr,
  startInaturalist,
  type CrawledSite,
} from './crawled-sites.ts';
import { onSite } from './crawls.ts';

useSharedServer();

const isAddress = (site: CrawledSite): boolean => site.photos[0]?.includes('://') === true;

describe.each(SOURCES)('a crawl of $name', ({ name, start }) => {
  it('brings every photo with its rights, reads robots.txt first, and asks for nothing when run again or for another collection', async () => {
    await onSite(start, async (site, crawls) => {
      const first = await crawls.crawl();
      expect([first.code, first.stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
      expect(first.stdout).toMatch(/^next: winnow filter --data \S+ --collection \S+$/m);
      expect(first.stdout).toContain(site.note ?? '');
      const lines = await crawls.candidates();
      const found = lines.map(({ wnid, url, sourceId }) => `${wnid} ${isAddress(site) ? url : sourceId}`);
      expect(found.toSorted()).toEqual(site.photos);
      expect(new Set(lines.map((line) => `${line.source} ${line.reason ?? line.state}`))).toEqual(
        new Set(site.ends.map((end) => `${name} ${end}`)),
      );
      for (const line of lines) site.expectRights(line);
      const [searches, pictures] = [site.searches(), site.pictures()];
      expect(pictures[0]?.path).toBe('/robots.txt');
      expect(pictures.filter(({ path: at }) => at === '/robots.txt')).toHaveLength(1);
      const agents = [...searches, ...pictures].map(({ headers }) => headers['user-agent']);
      expect(new Set(agents)).toEqual(new Set([expect.stringContaining('curator@example.org')]));
      const requests = agents.length;
      const again = await crawls.crawl();
      expect([again.code, site.searches().length + site.pictures().length - requests]).toEqual([0, 0]);
      expect(await crawls.candidates()).toEqual(lines);
      const other = await crawls.ofOther();
      expect(await other.candidates()).toEqual([]);
      const linked = await other.crawl();
      expect([linked.code, site.searches().length + site.pictures().length - requests]).toEqual([0, 0]);
      expect(await other.candidates()).toEqual(lines);
    });
  });
});

describe('a crawl of Wikimedia Commons', () => {
  it('finds every photo over errors, with one search and two pictures in flight, and pauses after a server error', async () => {
    await onSite(
      () => startCommons('error-503', 'maxlag', 'cut'),
      async (site, crawls) => {
        const { mediaFaults, mostInFlight, log } = site.site;
        mediaFaults.push('error-503', 'cut');
        const result = await crawls.crawl();
        expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining('given up')]);
        const lines = await crawls.candidates();
        expect(lines.map(({ wnid, sourceId }) => `${wnid} ${sourceId}`).toSorted()).toEqual(site.photos);
        expect(new Set(lines.map((line) => line.reason ?? line.state))).toEqual(new Set(site.ends));
        expect(mostInFlight()).toEqual({ api: 1, media: 2 });
        const [failed, next] = log.api;
        expect([failed?.status, (next?.atMs ?? 0) - (failed?.atMs ?? 0)]).toEqual([
          503,
          expect.toSatisfy((ms: number) => ms >= 300),
        ]);
      },
    );
  });
});

describe('a crawl --since', () => {
  it('asks for later uploads alone, and finds the others when run without it', async () => {
    await onSite(
      () => startCommons(),
      async (site, crawls) => {
        const since = '2020-01-01';
        expect(await crawls.crawl('--since', since)).toMatchObject({ code: 0 });
        const uploaded = (await crawls.candidates()).map(({ uploadedAt }) => uploadedAt ?? '');
        expect([uploaded.length, uploaded.filter((day) => day < since)]).toEqual([
          site.site.files.filter((file) => file.uploaded >= since).length,
          [],
        ]);
        expect(site.searches().every(({ query }) => query?.get('gsrsearch')?.includes(`>=${since}`))).toBe(true);
        expect(await crawls.crawl()).toMatchObject({ code: 0 });
        const lines = await crawls.candidates();
        expect(lines.map(({ wnid, sourceId }) => `${wnid} ${sourceId}`).toSorted()).toEqual(site.photos);
      },
    );
  });
});

describe('a crawl of a hostile Wikimedia Commons', () => {
  it('follows no redirect to a private address, ends endless bodies, and finds the other photos', async () => {
    await onSite(
      () => startCommons(),
      async (site, crawls) => {
        site.site.mediaFaults.push('private-redirect', 'endless', 'wrong-length');
        const result = await crawls.crawl('--set', 'fetch.maxBytes=1000000');
        expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
        const lines = await crawls.candidates();
        expect(lines.map(({ wnid, sourceId }) => `${wnid} ${sourceId}`).toSorted()).toEqual(site.photos);
        const reasons = lines.map((line) => line.reason ?? line.state);
        expect(reasons.toSorted().filter((reason) => reason !== 'fetched')).toEqual(
          [...site.ends.slice(1), 'address-refused', 'too-large'].toSorted(),
        );
      },
    );
  });
});

describe('a crawl of DuckDuckGo', () => {
  it('needs consent to pass over its robots.txt, and sends nothing without it', async () => {
    await onSite(
      () => startDuckduckgo(),
      async (site, crawls) => {
        const result = await crawls.crawl('--set', 'sources.duckduckgo.ignoreRobots=false');
        expect([result.code, site.searches()]).toEqual([2, []]);
        expect(result.stderr).toContain('sources.duckduckgo.ignoreRobots=true');
        expect(result.stderr).toContain('has no documented API');
      },
    );
  });
});

/** Sites that refuse all searches after some, and the status that the note of `doctor` must name. */
const BLOCKS = [
  { name: 'inaturalist', block: 'status-403', status: 403, searches: 1, fetched: 0, start: startBlockedInaturalist },
  {
    name: 'duckduckgo',
    block: 'a redirect',
    status: 302,
    searches: 3,
    fetched: 5,
    start: () => startDuckduckgo(2),
  },
  {
    name: 'flickr',
    block: 'key-expired',
    status: 100,
    searches: 1,
    fetched: 0,
    start: () => startFlickr('key-expired'),
  },
];

const startFewPhotos = () => startInaturalist(8);

async function startBlockedInaturalist(): Promise<CrawledSite> {
  const started = await startFewPhotos();
  started.site.mode = 'blocked';
  return { ...started, flags: [...started.flags, '--class', 'goose'] };
}

describe.each(BLOCKS)(
  'a crawl of $name that the site refuses with $block',
  ({ name, status, searches, fetched, start }) => {
    it('names the refusal, keeps what it has found, and leaves the site alone when run again', async () => {
      await onSite(start, async (site, crawls) => {
        const first = await crawls.crawl('--json');
        expect([first.code, first.stderr]).toEqual([1, expect.stringContaining(`${name} was given up`)]);
        const summary = JSON.parse(first.stdout) as CrawlSummary;
        expect(summary).toMatchObject({ complete: false, stopped: [{ source: name, reason: 'refused' }] });
        expect(summary.waits).toMatchObject([{ key: `source:${name}`, why: expect.stringContaining('blocked us') }]);
        const doctor = await crawls.run('doctor');
        const note = new RegExp(`^note source:${name}: .*${status}`, 'm');
        expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringMatching(note)]);
        expect(site.searches()).toHaveLength(searches);
        const again = await crawls.crawl();
        expect([again.code, site.searches().length]).toEqual([1, searches]);
        expect((await crawls.candidates()).map(({ state }) => state)).toEqual(Array(fetched).fill('fetched'));
      });
    });
  },
);

describe('winnow status', () => {
  it('shows after a crawl what each query brought, and how much the site may still be asked', async () => {
    await onSite(startFewPhotos, async (_, crawls) => {
      const { stdout } = await crawls.crawl();
      expect(stdout).toMatch(/^inaturalist +\d+ +\d+ +\d+ /m);
      const { totals, queries, budgets, yields } = await crawls.status();
      const searches = queries.filter(({ kind }) => kind === 'search');
      expect(totals.fetched).toBeGreaterThan(0);
      expect(searches.reduce((sum, query) => sum + query.fetched, 0)).toBe(totals.fetched);
      expect(searches.map(({ state, goesOn }) => [state, goesOn])).toEqual(searches.map(() => ['done', null]));
      expect(yields.sources).toEqual([{ source: 'inaturalist', fetched: totals.fetched, kept: 0, yield: 0 }]);
      const api = budgets.find(({ key }) => key === 'source:inaturalist');
      expect(api).toMatchObject({ requestsPerDay: { limit: 9_900 }, waits: null, circuit: 'closed' });
      expect(api?.requestsPerDay?.used).toBeGreaterThan(0);
      const table = await crawls.run('status', '--queries');
      expect(table.stdout).toMatch(/^goose +inaturalist +\S.* done +/m);
    });
  });
});
