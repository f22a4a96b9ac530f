import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  goodPhoto,
  GOOD_PATHS,
  startPhotoServer,
  type LocalServer,
  type LoggedRequest,
} from '../support/photo-server.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { startInaturalistSite } from '../support/sites/inaturalist-site.ts';
import { readQueriesLines, worldOf } from '../support/sites/inaturalist-world.ts';
import { candidateLines, urlCrawlArgs, writeUrlList } from '../support/url-list.ts';
import { repositoryRoot, setFlags, startWinnow, type RunningCommand } from '../support/winnow.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';

useSharedServer();

/** WINNOW_TEST_PHOTOS_PER_HOST=150 is the long version, with windows of 60 s that are full. */
// oxlint-disable-next-line node/no-process-env -- how a test run is sized from outside
const PHOTOS_PER_HOST = Number(process.env['WINNOW_TEST_PHOTOS_PER_HOST'] ?? 24);
const PER_MINUTE = 120;
const INTERVAL_MS = 60_000 / (PER_MINUTE - 2);
/** A busy server logs requests up to this much late, several at once. Two crawls that each take the whole rate gain 5 s in 20 requests. */
const LATE_MS = 2_000;
const CONNECTIONS_PER_HOST = 3;

const folder = suiteFolder();

/** Photos at any path but /robots.txt, a tenth of a second each, so that requests overlap. */
async function startPhotoHost(
  refusal: (request: { readonly number: number }) => { status: number; retryAfter: string } | null = () => null,
): Promise<LocalServer> {
  let number = 0;
  const server = await startPhotoServer((request, response) => {
    if (request.url === '/robots.txt') return void setTimeout(() => response.writeHead(404).end(), 300);
    number += 1;
    const refused = refusal({ number });
    if (refused !== null)
      return void response.writeHead(refused.status, { 'retry-after': refused.retryAfter }).end('later');
    const photo = goodPhoto(GOOD_PATHS[Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0) % GOOD_PATHS.length] ?? '');
    return void setTimeout(() => response.writeHead(200, { 'content-type': 'image/jpeg' }).end(photo), 100);
  });
  onTestFinished(() => server.close());
  return server;
}

const urlsAt = ({ origin }: LocalServer, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${origin}/photo/${i}.jpg`);

async function crawlStarter(
  name: string,
  hosts: readonly LocalServer[],
  options: { count: number; perMinute: number },
): Promise<() => RunningCommand> {
  const from = await writeUrlList(
    folder.at(`${name}.csv`),
    hosts.flatMap((host) => urlsAt(host, options.count)),
  );
  const settings = {
    'fetch.requestsPerMinutePerHost': options.perMinute,
    'fetch.connectionsPerHost': CONNECTIONS_PER_HOST,
  };
  const allow = hosts.map(({ address }) => address);
  await catalogueOf(folder.at(name));
  return () => startWinnow(urlCrawlArgs({ data: folder.at(name), from, allow, settings }));
}

/** At most the limit in 60 s. Requests are evenly spaced, but the server may log one up to `LATE_MS` late. */
function expectWithinRate(log: readonly { readonly atMs: number }[]): void {
  const times = log.map(({ atMs }) => atMs).toSorted((a, b) => a - b);
  for (const [i, first] of times.entries()) {
    const within = times.slice(i).filter((time) => time - first < 60_000);
    expect(within.length).toBeLessThanOrEqual(PER_MINUTE);
    for (const [n, time] of within.entries()) expect(time - first).toBeGreaterThanOrEqual(n * INTERVAL_MS - LATE_MS);
  }
}

function mostAtOnce(log: readonly LoggedRequest[]): number {
  const changes = log
    .flatMap(({ atMs, endedMs }) => [
      { ms: atMs, by: 1 },
      { ms: endedMs ?? Number.POSITIVE_INFINITY, by: -1 },
    ])
    .toSorted((a, b) => a.ms - b.ms || a.by - b.by);
  let now = 0;
  return Math.max(...changes.map(({ by }) => (now += by)));
}

function expectRobotsFirst({ log }: LocalServer): void {
  const [first, second] = log;
  expect(first?.path).toBe('/robots.txt');
  expect(second?.atMs).toBeGreaterThanOrEqual(first?.endedMs ?? Number.POSITIVE_INFINITY);
  expect(log.filter(({ path: at }) => at === '/robots.txt')).toHaveLength(1);
}

describe('two crawls at once, one of them killed and started again', () => {
  it('ask each host no more often than they may together, with its robots.txt first', async () => {
    const hosts = await Promise.all([1, 2, 3].map(() => startPhotoHost()));
    const start = await crawlStarter('rates', hosts, { count: PHOTOS_PER_HOST, perMinute: PER_MINUTE });
    const [first, second] = [start(), start()];
    while (hosts.every(({ log }) => log.length < 8)) await sleep(50);
    first.killGroup('SIGKILL');
    await first.result;
    const codes = await Promise.all([second, start()].map(async ({ result }) => (await result).code));
    expect(codes).toEqual([0, 0]);
    for (const host of hosts) {
      expectWithinRate(host.log);
      expectRobotsFirst(host);
      expect(mostAtOnce(host.log)).toBeLessThanOrEqual(CONNECTIONS_PER_HOST);
      expect(host.log.length).toBeGreaterThan(PHOTOS_PER_HOST);
      // Photos that were in flight when the crawl was killed are requested again.
      expect(host.log.length).toBeLessThanOrEqual(1 + PHOTOS_PER_HOST + CONNECTIONS_PER_HOST);
    }
    const lines = await candidateLines(folder.at('rates'));
    expect(lines).toHaveLength(hosts.length * PHOTOS_PER_HOST);
    expect(lines.filter(({ state }) => state !== 'fetched')).toEqual([]);
    const spans = hosts.map(({ log }) => (log.at(-1)?.atMs ?? 0) - (log[0]?.atMs ?? 0));
    console.log(
      `${hosts.map(({ log }) => log.length).join(', ')} requests to three hosts at ${PER_MINUTE} a minute within ${spans.map((ms) => `${(ms / 1_000).toFixed(1)} s`).join(', ')}`,
    );
  });

  it('ask the API of a source no more often than they may together', async () => {
    const queries = path.join(repositoryRoot, 'config', 'classes', 'queries-imagenet-a.jsonl');
    const world = worldOf(readQueriesLines(await readFile(queries, 'utf8')), { perTaxon: 2 });
    const site = await startInaturalistSite({ world });
    onTestFinished(() => site.close());
    const settings = {
      'crawl.contact': 'curator@example.org',
      'sources.inaturalist.url': site.url,
      'sources.inaturalist.requestsPerMinute': PER_MINUTE,
      'fetch.allowAddresses': new URL(site.mediaUrl).host,
      'fetch.requestsPerMinutePerHost': PER_MINUTE,
    };
    const source = ['--collection', 'imagenet-a', '--source', 'inaturalist'];
    const args = ['crawl', ...source, '--data', folder.at('api'), ...setFlags(settings)];
    const { api, media } = site.log;
    await catalogueOf(folder.at('api'));
    const [first, second] = [startWinnow(args), startWinnow(args)];
    while (api.length < 8) await sleep(50);
    first.killGroup('SIGKILL');
    await first.result;
    const third = startWinnow(args);
    while (api.length < 24) await sleep(50);
    for (const command of [second, third]) command.killGroup('SIGINT');
    expect((await Promise.all([second.result, third.result])).map(({ code }) => code)).toEqual([130, 130]);
    expectWithinRate(api);
    expectWithinRate(media);
  });
});

describe('a host that asks to wait', () => {
  it('is not asked before that by any of two crawls, but by what was on its way', async () => {
    let untilMs = 0;
    const host = await startPhotoHost(({ number }) => {
      if (number !== 12) return null;
      untilMs = Date.now() + 4_000;
      return { status: 429, retryAfter: '4' };
    });
    const start = await crawlStarter('waits', [host], { count: 60, perMinute: 60_000 });
    const crawls = [start(), start()];
    // One is refused, and comes later: all others come as soon as they may.
    while (host.log.length < 61) await sleep(50);
    for (const crawl of crawls) crawl.killGroup('SIGINT');
    await Promise.all(crawls.map(({ result }) => result));
    const refused = host.log.find(({ status }) => status === 429);
    const tooEarly = host.log.filter(({ atMs }) => atMs > (refused?.atMs ?? 0) && atMs < untilMs);
    console.log(`Retry-After: ${tooEarly.length} requests were on their way, none came until it was over`);
    expect(tooEarly.length).toBeLessThan(CONNECTIONS_PER_HOST);
    expect(untilMs - (refused?.atMs ?? 0)).toBeGreaterThan(3_000);
    expect(mostAtOnce(host.log)).toBeLessThanOrEqual(CONNECTIONS_PER_HOST);
    const states = (await candidateLines(folder.at('waits'))).map(({ state }) => state);
    expect([states.length, states.filter((state) => state === 'failed')]).toEqual([60, []]);
  });
});
