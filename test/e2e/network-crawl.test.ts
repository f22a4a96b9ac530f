import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CandidateLine } from '../../src/funnel/candidate-list.repository.ts';
import type { Status } from '../../src/app/watch/status.ts';
import type { CrawlSummary } from '../../src/cli/crawl/crawl-summary.ts';
import { startInaturalistSite, type InaturalistSite } from '../support/sites/inaturalist-site.ts';
import { readQueriesLines, worldOf } from '../support/sites/inaturalist-world.ts';
import { jsonLines, repositoryRoot, setFlags, winnow, withFolder } from '../support/winnow.ts';
import { useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const QUERIES = path.join(repositoryRoot, 'config', 'classes', 'queries-imagenet-a.jsonl');
const DRAGONFLY = 'n02268443';

let site: InaturalistSite | undefined;
afterEach(async () => site?.close());

async function startSite(options: Partial<Parameters<typeof startInaturalistSite>[0]> = {}): Promise<InaturalistSite> {
  const world = worldOf(readQueriesLines(await readFile(QUERIES, 'utf8')), { perTaxon: 30 });
  site = await startInaturalistSite({ world, ...options });
  return site;
}

function crawlArgs(running: InaturalistSite, data: string): string[] {
  const settings = {
    'crawl.contact': 'curator@example.org',
    'sources.inaturalist.url': running.url,
    'sources.inaturalist.requestsPerMinute': '6000',
    'sources.inaturalist.qualityGrade': 'any',
    'fetch.allowAddresses': new URL(running.mediaUrl).host,
    'fetch.requestsPerMinutePerHost': '30000',
  };
  const sets = setFlags(settings);
  return ['crawl', '--collection', 'imagenet-a', '--source', 'inaturalist', '--data', data, ...sets];
}

const media = (running: InaturalistSite): InaturalistSite['log'] =>
  running.log.filter(({ server }) => server === 'media');

async function candidates(data: string): Promise<CandidateLine[]> {
  const listed = await winnow(['candidates', '--collection', 'imagenet-a', '--data', data, '--json']);
  return jsonLines<CandidateLine>(listed.stdout);
}

async function statusOf(data: string): Promise<Status> {
  const status = await winnow(['status', '--collection', 'imagenet-a', '--data', data, '--json']);
  const parsed: Status = JSON.parse(status.stdout);
  return parsed;
}

/** What each query brought, and what the site may still be asked. */
async function expectStatusTells(data: string, lines: readonly CandidateLine[]): Promise<void> {
  const { totals, queries, budgets, yields } = await statusOf(data);
  const searches = queries.filter(({ kind }) => kind === 'search');
  expect(searches.reduce((sum, query) => sum + query.fetched, 0)).toBe(totals.fetched);
  expect(searches.reduce((sum, query) => sum + query.admitted, 0)).toBe(lines.length);
  expect(searches.map(({ state, goesOn }) => [state, goesOn])).toEqual(searches.map(() => ['done', null]));
  expect(yields.sources).toEqual([{ source: 'inaturalist', fetched: totals.fetched, kept: 0, yield: 0 }]);
  const api = budgets.find(({ key }) => key === 'source:inaturalist');
  expect(api).toMatchObject({ requestsPerDay: { limit: 9_900 }, waits: null, circuit: 'closed' });
  expect(api?.requestsPerDay?.used).toBeGreaterThan(0);
  const table = await winnow(['status', '--collection', 'imagenet-a', '--data', data, '--queries']);
  expect(table.stdout).toMatch(/^dragonfly +inaturalist +\S.* done +/m);
}

describe('a crawl of iNaturalist', () => {
  it('brings every photo of a class with its rights, asks for robots.txt first, and finds nothing new the second time', async () => {
    const running = await startSite();
    await withFolder(async (data) => {
      const first = await winnow([...crawlArgs(running, data), '--class', 'dragonfly']);
      expect([first.code, first.stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
      const lines = await candidates(data);
      expect(lines.length).toBeGreaterThan(50);
      expect(new Set(lines.map(({ wnid, source }) => `${wnid} ${source}`))).toEqual(
        new Set([`${DRAGONFLY} inaturalist`]),
      );
      for (const { creator, licence, pageUrl } of lines) {
        expect(creator).toMatch(/./);
        expect(licence).toMatch(/^(CC|Public-Domain$|all-rights-reserved$)/);
        expect(pageUrl).toMatch(/^https:\/\/www\.inaturalist\.org\/observations\/\d+$/);
      }
      expect(first.stdout).toMatch(/^inaturalist +\d+ +\d+ +\d+ /m);
      expect(first.stdout).toContain('next: winnow filter --collection imagenet-a --data ');
      await expectStatusTells(data, lines);
      expect(media(running)[0]?.path).toBe('/robots.txt');
      expect(media(running).filter(({ path: at }) => at === '/robots.txt')).toHaveLength(1);
      expect(running.log.every(({ headers }) => headers['user-agent']?.includes('curator@example.org'))).toBe(true);
      const requests = running.log.length;
      const again = await winnow([...crawlArgs(running, data), '--class', 'dragonfly']);
      expect([again.code, running.log.length - requests]).toEqual([0, 0]);
      expect(await candidates(data)).toEqual(lines);
    });
  });

  it('that the site refuses says so, ends with 1 and leaves the site alone when run again', async () => {
    const running = await startSite();
    running.mode = 'blocked';
    await withFolder(async (data) => {
      const first = await winnow([...crawlArgs(running, data), '--class', 'dragonfly', '--json']);
      expect([first.code, first.stderr]).toEqual([1, expect.stringContaining('inaturalist refuses us')]);
      const summary: CrawlSummary = JSON.parse(first.stdout);
      expect(summary).toMatchObject({ complete: false, openQueries: 1, blocked: [{ source: 'inaturalist' }] });
      expect(summary.waits).toMatchObject([{ key: 'source:inaturalist', why: expect.stringContaining('blocked us') }]);
      const doctor = await winnow(['doctor', '--data', data]);
      expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringMatching(/^note source:inaturalist: .*403/m)]);
      const requests = running.log.length;
      const again = await winnow([...crawlArgs(running, data), '--class', 'dragonfly']);
      expect([again.code, running.log.length - requests]).toEqual([1, 0]);
    });
  });
});
