import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CandidateLine } from '../../src/candidate/candidate-list.repository.ts';
import { startInaturalistSite, type InaturalistSite } from '../support/sites/inaturalist-site.ts';
import { readQueriesLines, worldOf } from '../support/sites/inaturalist-world.ts';
import { jsonLines, repositoryRoot, winnow, withFolder } from '../support/winnow.ts';

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
  const sets = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  return ['crawl', '--collection', 'imagenet-a', '--source', 'inaturalist', '--data', data, ...sets];
}

const media = (running: InaturalistSite): InaturalistSite['log'] =>
  running.log.filter(({ server }) => server === 'media');

async function candidates(data: string): Promise<CandidateLine[]> {
  const listed = await winnow(['candidates', '--collection', 'imagenet-a', '--data', data, '--json']);
  return jsonLines<CandidateLine>(listed.stdout);
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
      const first = await winnow([...crawlArgs(running, data), '--class', 'dragonfly']);
      expect([first.code, first.stderr]).toEqual([1, expect.stringContaining('inaturalist refuses us')]);
      const requests = running.log.length;
      const again = await winnow([...crawlArgs(running, data), '--class', 'dragonfly']);
      expect([again.code, running.log.length - requests]).toEqual([1, 0]);
    });
  });
});
