import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadClassTable } from '../../src/core/collection/class-table.process.ts';
import { wnidsOf } from '../../src/core/collection/class-table.ts';
import type { CandidateLine } from '../../src/core/status/candidate-list.repository.ts';
import { goodPhoto, GOOD_PATHS, startPhotoServer, type LocalServer } from '../support/photo-server.ts';
import { endAfterKill, killAllOn, killServerOn, suiteFolder } from '../support/process-tree.ts';
import { startInaturalistSite, type InaturalistSite } from '../support/sites/inaturalist-site.ts';
import { readQueriesLines, worldOf } from '../support/sites/inaturalist-world.ts';
import { numberFrom, seconds } from '../support/sizing.ts';
import { seededRandom } from '../support/random.ts';
import { until } from '../support/until.ts';
import { candidateLines, urlCrawlArgs, writeUrlList } from '../support/url-list.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';
import { repositoryRoot, setFlags, startWinnow, winnow } from '../support/winnow.ts';

/**
 * WINNOW_TEST_CRAWL_SIZE=7 WINNOW_TEST_CRAWL_KILLS=20 is the long version, of more than 2,000 photos;
 * WINNOW_TEST_SEED repeats the moments of a run.
 */
const SIZE = numberFrom('WINNOW_TEST_CRAWL_SIZE', 1);
const KILLS = numberFrom('WINNOW_TEST_CRAWL_KILLS', 2);
const SEED = numberFrom('WINNOW_TEST_SEED', Date.now() % 1_000_000);
/** `fetch.connections` by default. */
const CONNECTIONS = 16;

const folder = suiteFolder();
const random = seededRandom(SEED).next;
// These lose the server with the process.
useSharedServer({ except: (dataDir) => ['killed', 'database'].includes(path.basename(dataDir)) });

async function done(args: readonly string[]): Promise<void> {
  const { code, stderr } = await winnow(args, { timeoutMs: 600_000 });
  if (code !== 0) throw new Error(`Expected winnow ${args[0]} to end well but it ended with ${code}: ${stderr}`);
}

async function expectNothingBroken(data: string): Promise<void> {
  const doctor = await winnow(['doctor', '--deep', '--data', data, '--json']);
  const findings: readonly { ok: boolean }[] = JSON.parse(doctor.stdout);
  expect(findings.filter(({ ok }) => !ok)).toEqual([]);
}

describe('a crawl that is killed again and again', { timeout: 300_000 + SIZE * 120_000 }, () => {
  let site: InaturalistSite;
  let undisturbed: readonly CandidateLine[];
  let undisturbedMs = 0;
  let asked = 0;
  let classes = '';

  function crawlArgs(data: string): string[] {
    const settings = {
      'crawl.contact': 'curator@example.org',
      'sources.inaturalist.url': site.url,
      'sources.inaturalist.requestsPerMinute': 60_000,
      'sources.inaturalist.qualityGrade': 'any',
      'fetch.allowAddresses': new URL(site.mediaUrl).host,
      'fetch.requestsPerMinutePerHost': 60_000,
    };
    const sets = setFlags(settings);
    const source = ['--collection', 'imagenet-a', '--source', 'inaturalist', '--class', classes];
    return ['crawl', ...source, '--data', folder.at(data), ...sets];
  }

  const media = (): InaturalistSite['log']['media'] => site.log.media;
  const requested = (): number => site.log.api.length + site.log.media.length;
  const fetchedUrls = async (data: string): Promise<Set<string>> =>
    new Set((await candidateLines(folder.at(data), '--state', 'fetched')).map(({ url }) => new URL(url).pathname));

  /** Waits until a command sends a request, or has nothing to request. Before, it is starting: a kill would interrupt nothing. */
  async function firstRequestOf(command: Promise<unknown>): Promise<void> {
    const before = requested();
    let hasEnded = false;
    const end = (): boolean => (hasEnded = true);
    void command.then(end, end);
    await until(() => hasEnded || requested() > before);
  }

  beforeAll(async () => {
    const queries = path.join(repositoryRoot, 'config', 'classes', 'queries-imagenet-a.jsonl');
    const lines = readQueriesLines(await readFile(queries, 'utf8'));
    const world = worldOf(lines, { perTaxon: SIZE });
    const listed = new Set(wnidsOf('imagenet-a', (await loadClassTable()).rows));
    // Every other class of those that the site has is enough to be killed in the middle of.
    classes = lines
      .flatMap(({ wnid, inaturalist }) => (inaturalist === null || !listed.has(wnid) ? [] : wnid))
      .filter((_, i) => i % 2 === 0)
      .join();
    site = await startInaturalistSite({ world });
    const crawl = done(crawlArgs('undisturbed'));
    await firstRequestOf(crawl);
    const startedMs = performance.now();
    await crawl;
    undisturbedMs = performance.now() - startedMs;
    undisturbed = await candidateLines(folder.at('undisturbed'));
    asked = media().length;
  }, 700_000);
  afterAll(async () => site.close());

  it('ends like one that was not, and asks for nothing again that it had', async () => {
    const moments: string[] = [];
    /** After each kill: the fetched URLs in the catalogue, and the length of the site's log. */
    const had: { readonly urls: Set<string>; readonly from: number }[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const crawl = startWinnow(crawlArgs('killed'), { timeoutMs: 600_000 });
      await firstRequestOf(crawl.result);
      const delayMs = random() * 2 * (undisturbedMs / (KILLS + 1));
      await Promise.race([sleep(delayMs), crawl.result]);
      crawl.killGroup('SIGKILL');
      const { signal } = await crawl.result;
      // The last time everything goes, the server too, as when a machine runs out of memory.
      if (kill === KILLS - 1) await killAllOn(folder.at('killed'));
      had.push({ from: media().length, urls: await fetchedUrls('killed') });
      moments.push(`${seconds(delayMs)}: ${had.at(-1)?.urls.size}${signal === null ? ' (had ended)' : ''}`);
    }
    await done(crawlArgs('killed'));
    const requests = media().slice(asked);
    const repeatedOnes = had.flatMap(({ urls, from }) =>
      media()
        .slice(from)
        .filter((request) => urls.has(request.path)),
    );
    expect(repeatedOnes.map((request) => request.path)).toEqual([]);
    const answered = requests.filter(({ status }) => status === 200).map((request) => request.path);
    const repeats = answered.length - new Set(answered).size;
    console.log(
      `seed ${SEED}: ${undisturbed.length} candidates, ${answered.length - repeats} photos fetched in ${seconds(undisturbedMs)} undisturbed; ` +
        `killed ${KILLS} times (fetched by then: ${moments.join(', ')}); ${repeats} answered with 200 more than once`,
    );
    expect(repeats).toBeLessThanOrEqual(KILLS * CONNECTIONS);
    expect(await candidateLines(folder.at('killed'))).toEqual(undisturbed);
    expect(undisturbed.filter(({ state }) => state === 'fetched').length).toBeGreaterThan(100 * SIZE);
    await expectNothingBroken(folder.at('killed'));
  });
});

/** Both tests wait most of the time, so they run side by side. */
describe.concurrent('a crawl that loses', { timeout: 240_000 }, () => {
  const PHOTOS = 120;

  const slowly: Parameters<typeof startPhotoServer>[0] = (request, response) => {
    if (request.url === '/robots.txt') return void response.writeHead(404).end();
    const photo = goodPhoto(GOOD_PATHS[Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0) % GOOD_PATHS.length] ?? '');
    return void setTimeout(() => response.writeHead(200, { 'content-type': 'image/jpeg' }).end(photo), 100);
  };
  const photosAsked = (host: LocalServer): string[] =>
    host.log.map((request) => request.path).filter((at) => at !== '/robots.txt');

  async function argsFor(name: string, host: LocalServer): Promise<string[]> {
    const urls = Array.from({ length: PHOTOS }, (_, i) => `${host.origin}/photo/${i}.jpg`);
    const from = await writeUrlList(folder.at(`${name}.csv`), urls);
    return urlCrawlArgs({ data: folder.at(name), from, allow: [host.address] });
  }

  async function expectAllFetched(name: string): Promise<void> {
    const states = (await candidateLines(folder.at(name))).map(({ state }) => state);
    expect([states.length, states.filter((state) => state !== 'fetched')]).toEqual([PHOTOS, []]);
    await expectNothingBroken(folder.at(name));
  }

  it('its database says so and resumes when run again, or goes on if the server is started again in time', async () => {
    const host = await startPhotoServer(slowly);
    const args = await argsFor('database', host);
    const crawl = startWinnow(args);
    while (host.log.length < 40) await sleep(20);
    await killServerOn(folder.at('database'));
    expect(['went on', 'told']).toContain(endAfterKill(await crawl.result));
    const had = new Set((await candidateLines(folder.at('database'), '--state', 'fetched')).map(({ url }) => url));
    expect(had.size).toBeGreaterThan(0);
    const from = photosAsked(host).length;
    await done(args);
    await expectAllFetched('database');
    const again = photosAsked(host).slice(from);
    expect(again.filter((at) => had.has(`${host.origin}${at}`))).toEqual([]);
    expect(photosAsked(host).length).toBeLessThanOrEqual(PHOTOS + CONNECTIONS);
    await host.close();
  });

  it('its network for a while resumes when the network returns', async () => {
    let host = await startPhotoServer(slowly);
    await catalogueOf(folder.at('network'));
    const crawl = startWinnow(await argsFor('network', host));
    while (host.log.length < 40) await sleep(20);
    await host.close();
    const before = photosAsked(host).length;
    await sleep(7_000);
    host = await startPhotoServer(slowly, undefined, host.port);
    const { code, stderr } = await crawl.result;
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    await expectAllFetched('network');
    expect(before + photosAsked(host).length).toBeLessThanOrEqual(PHOTOS + 4);
    await host.close();
  });
});
