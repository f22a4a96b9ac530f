import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CandidateLine } from '../../src/candidate/candidate-list.repository.ts';
import type { Funnel } from '../../src/report/funnel.ts';
import { startInaturalistSite, type InaturalistSite } from '../support/sites/inaturalist-site.ts';
import { readQueriesLines, worldOf } from '../support/sites/inaturalist-world.ts';
import { jsonLines, repositoryRoot, startWinnow, winnow, withFolder } from '../support/winnow.ts';

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

async function funnel(data: string): Promise<Funnel> {
  const status = await winnow(['status', '--collection', 'imagenet-a', '--data', data, '--json']);
  const parsed: Funnel = JSON.parse(status.stdout);
  return parsed;
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

  it('killed three times on the way ends like one that was not, and fetches nothing twice that it had', async () => {
    const running = await startSite();
    await withFolder(async (folder) => {
      const undisturbed = path.join(folder, 'undisturbed');
      await winnow([...crawlArgs(running, undisturbed), '--limit', '5']);
      const before = media(running).length;
      const data = path.join(folder, 'killed');
      for (const afterMs of [2_500, 4_500, 6_500]) {
        const crawl = startWinnow([...crawlArgs(running, data), '--limit', '5']);
        setTimeout(() => crawl.killGroup('SIGKILL'), afterMs);
        await crawl.result;
      }
      const last = await winnow([...crawlArgs(running, data), '--limit', '5']);
      expect(last.code).toBe(0);
      const states = async (at: string): Promise<string[]> =>
        (await candidates(at)).map(({ wnid, state, reason }) => `${wnid} ${state} ${reason}`).toSorted();
      expect((await funnel(data)).totals.fetched).toBe((await funnel(undisturbed)).totals.fetched);
      expect((await states(data)).filter((line) => line.includes('fetched'))).toEqual(
        (await states(undisturbed)).filter((line) => line.includes('fetched')),
      );
      const fetched = media(running)
        .slice(before)
        .filter(({ status }) => status === 200);
      const repeats = fetched.length - new Set(fetched.map(({ path: at }) => at)).size;
      console.log(`${fetched.length} pictures answered with 200, ${repeats} of them again after a kill`);
      expect(repeats).toBeLessThanOrEqual(3 * 16);
      const doctor = await winnow(['doctor', '--deep', '--data', data, '--json']);
      expect(JSON.parse(doctor.stdout)).toEqual(expect.not.arrayContaining([expect.objectContaining({ ok: false })]));
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
