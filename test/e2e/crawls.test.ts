import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Status } from '../../src/app/watch/status.ts';
import type { CrawlSummary } from '../../src/cli/crawl/crawl-summary.ts';
import type { CandidateLine } from '../../src/funnel/candidate-list.repository.ts';
import type { DuckduckgoBlock } from '../support/sites/duckduckgo-site.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { jsonLines, setFlags, winnow, withFolder, type CommandResult } from '../support/winnow.ts';
import {
  GOOSE,
  SOURCES,
  startDuckduckgo,
  startInaturalist,
  writeCollection,
  type CrawledSite,
} from './crawled-sources.ts';

useSharedServer();

/** Commands on one collection and data folder. */
class Crawls {
  readonly #flags: readonly string[];
  readonly #site: CrawledSite;

  constructor(site: CrawledSite, collection: string) {
    this.#site = site;
    this.#flags = ['--collection', collection, '--data', path.join(path.dirname(collection), 'data')];
  }

  run(command: string, ...more: string[]): Promise<CommandResult> {
    return winnow([command, ...this.#flags, ...more]);
  }

  crawl(...more: string[]): Promise<CommandResult> {
    const settings = {
      'crawl.contact': 'curator@example.org',
      'fetch.requestsPerMinutePerHost': '60000',
      ...this.#site.settings,
    };
    return this.run('crawl', '--class', 'goose', ...this.#site.flags, ...setFlags(settings), ...more);
  }

  async candidates(): Promise<CandidateLine[]> {
    return jsonLines<CandidateLine>((await this.run('candidates', '--json')).stdout);
  }

  async status(): Promise<Status> {
    return JSON.parse((await this.run('status', '--json')).stdout) as Status;
  }
}

/** Runs a test on a site that is closed at its end. */
async function onSite<Site extends CrawledSite>(
  start: (folder: string) => Promise<Site>,
  use: (site: Site, crawls: Crawls) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const site = await start(folder);
    onTestFinished(async () => void (await site.close()));
    await use(site, new Crawls(site, await writeCollection(folder, site)));
  });
}

const idOf = (site: CrawledSite, { url, sourceId }: CandidateLine): string =>
  site.photos[0]?.startsWith('http') === true ? (url ?? '') : sourceId;

describe.each(SOURCES)('a crawl of $name', ({ name, start }) => {
  it('brings every photo with its rights, reads robots.txt first, and asks for nothing when run again', async () => {
    await onSite(start, async (site, crawls) => {
      const first = await crawls.crawl();
      expect([first.code, first.stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
      expect(first.stdout).toMatch(/^next: winnow filter --collection /m);
      const lines = await crawls.candidates();
      expect(lines.map((line) => idOf(site, line)).toSorted()).toEqual(site.photos);
      expect(new Set(lines.map((line) => `${line.wnid} ${line.source} ${line.reason ?? line.state}`))).toEqual(
        new Set(site.ends.map((end) => `${GOOSE} ${name} ${end}`)),
      );
      for (const line of lines) site.expectRights(line);
      const pictures = site.pictures();
      expect(pictures[0]?.path).toBe('/robots.txt');
      expect(pictures.filter(({ path: at }) => at === '/robots.txt')).toHaveLength(1);
      expect(pictures.every(({ headers }) => headers['user-agent']?.includes('curator@example.org'))).toBe(true);
      const requests = site.searches().length + pictures.length;
      const again = await crawls.crawl();
      expect([again.code, site.searches().length + site.pictures().length - requests]).toEqual([0, 0]);
      expect(await crawls.candidates()).toEqual(lines);
    });
  });
});

/** Sites that refuse to be searched any further, at once or after the first page. */
const BLOCKS = [
  { name: 'inaturalist', block: 'status-403', fetched: 0, start: () => startBlockedInaturalist() },
  ...(['status-202', 'redirect-418'] as const).map((block: DuckduckgoBlock) => ({
    name: 'duckduckgo',
    block,
    fetched: 5,
    start: () => startDuckduckgo(block),
  })),
];

async function startBlockedInaturalist(): Promise<CrawledSite> {
  const started = await startInaturalist();
  started.site.mode = 'blocked';
  return started;
}

describe.each(BLOCKS)('a crawl of $name that the site refuses ($block)', ({ name, fetched, start }) => {
  it('says so, keeps what it has found, and leaves the site alone when run again', async () => {
    await onSite(start, async (site, crawls) => {
      const first = await crawls.crawl('--json');
      expect([first.code, first.stderr]).toEqual([1, expect.stringContaining(`${name} refuses us`)]);
      const summary = JSON.parse(first.stdout) as CrawlSummary;
      expect(summary).toMatchObject({ complete: false, openQueries: 1, blocked: [{ source: name }] });
      expect(summary.waits).toMatchObject([{ key: `source:${name}`, why: expect.stringContaining('blocked us') }]);
      const doctor = await crawls.run('doctor');
      expect([doctor.code, doctor.stdout]).toEqual([
        0,
        expect.stringMatching(new RegExp(`^note source:${name}: `, 'm')),
      ]);
      const requests = site.searches().length;
      expect(requests).toBeLessThanOrEqual(fetched === 0 ? 1 : 3);
      const again = await crawls.crawl();
      expect([again.code, site.searches().length - requests]).toEqual([1, 0]);
      expect((await crawls.candidates()).map(({ state }) => state)).toEqual(Array(fetched).fill('fetched'));
    });
  });
});

describe('winnow status', () => {
  it('shows after a crawl what each query brought, and how much the site may still be asked', async () => {
    await onSite(startInaturalist, async (_, crawls) => {
      const { stdout } = await crawls.crawl();
      expect(stdout).toMatch(/^inaturalist +\d+ +\d+ +\d+ /m);
      const { totals, queries, budgets, yields } = await crawls.status();
      const searches = queries.filter(({ kind }) => kind === 'search');
      expect(totals.fetched).toBeGreaterThan(0);
      expect(searches.reduce((sum, query) => sum + query.fetched, 0)).toBe(totals.fetched);
      expect(searches.reduce((sum, query) => sum + query.admitted, 0)).toBe((await crawls.candidates()).length);
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
