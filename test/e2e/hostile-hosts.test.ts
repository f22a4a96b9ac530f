import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CandidateLine } from '../../src/core/status/candidate-list.repository.ts';
import { isReasonOf, startHostileHost, type HostileHost } from '../support/hostile-host.ts';
import { goodPhoto, GOOD_PATHS, startPhotoServer, type LocalServer } from '../support/photo-server.ts';
import { peakMemoryBytes, suiteFolder } from '../support/process-tree.ts';
import { candidateLines, outcomesOf, urlCrawlArgs, writeUrlList } from '../support/url-list.ts';
import { startWinnow, winnow } from '../support/winnow.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';

useSharedServer();

/**
 * The window over which speed is judged is ten seconds from the headers on: the total must be longer. On a busy machine a compressed
 * answer also waits for threads that decode photos.
 */
const TOTAL_TIMEOUT_MS = 24_000;
/** On top of a time limit, for a busy machine. */
const SLACK_MS = 6_000;
const LIMITS = {
  'fetch.totalTimeoutMs': TOTAL_TIMEOUT_MS,
  'fetch.firstByteTimeoutMs': 5_000,
  // The part that `/stalls` sends must not do for the whole window.
  'fetch.minBytesPerSecond': 1_100,
  'fetch.maxBytes': 10_000_000,
  'fetch.connectionsPerHost': 16,
  'fetch.tries': 2,
  // The host serves one photo at many addresses: here it is no notice.
  'crawl.sameBytesLimit': 'null',
};
/** Bodies in full would be hundreds of megabytes each, and there are many. */
const MAX_GROWTH_BYTES = 120_000_000;

const folder = suiteFolder();
let host: HostileHost;
/** Has a robots.txt, and photos that say for whom they are. */
let choosy: LocalServer;
/** Nobody listens there any more. */
let dead: LocalServer;
/** At an address that is not public and not on the list of those that may be asked. */
let unlisted: LocalServer;

const CHOOSY: Readonly<Record<string, string>> = {
  '/opted-out.jpg': 'noai',
  '/opted-out-of-index.jpg': 'noarchive, noimageindex',
  '/opted-out-by-name.jpg': 'winnow: noimageai',
  '/for-others.jpg': 'otherbot: noai',
  '/free.jpg': 'all',
  '/told.jpg': 'noml',
};

beforeAll(async () => {
  host = await startHostileHost();
  choosy = await startPhotoServer((request, response) => {
    const path = request.url ?? '';
    const tag = CHOOSY[path];
    if (path === '/robots.txt')
      response
        .writeHead(200)
        .end('User-agent: *\nDisallow: /private/\nDisallow: /photos/\nContent-Usage: train-ai=n\n');
    else if (path === '/to-private.jpg') response.writeHead(302, { location: '/private/b.jpg' }).end();
    else if (path === '/reserved.jpg')
      response.writeHead(200, { 'tdm-reservation': '1' }).end(goodPhoto(GOOD_PATHS[0] ?? ''));
    else if (tag === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'x-robots-tag': tag }).end(goodPhoto(GOOD_PATHS[0] ?? ''));
  });
  dead = await startPhotoServer((_request, response) => response.end());
  await dead.close();
  unlisted = await startPhotoServer((_request, response) => response.end());
});

afterAll(async () => {
  await Promise.all([host.close(), choosy.close(), unlisted.close()]);
});

const unlistedUrls = (): string[] => ['127.0.0.1', 'localhost'].map((name) => `http://${name}:${unlisted.port}/a.jpg`);
/** So many that each bad one is between two of them. */
const good = (): string[] => GOOD_PATHS.slice(0, host.cases.size + 20).map((path) => `${host.origin}${path}`);
const hostile = (): string[] => [...host.cases.keys()].map((path) => `${host.origin}${path}`);

async function crawl(name: string, urls: readonly string[]) {
  const from = await writeUrlList(folder.at(`${name}.csv`), urls);
  const allow = [host.address, choosy.address, dead.address];
  await catalogueOf(folder.at(name));
  const command = startWinnow(urlCrawlArgs({ data: folder.at(name), from, allow, settings: LIMITS }));
  let peakBytes = 0;
  const isOver = (): boolean => command.child.exitCode !== null || command.child.signalCode !== null;
  while (!isOver()) {
    peakBytes = Math.max(peakBytes, (await peakMemoryBytes(command.child.pid ?? 0)) ?? 0);
    await sleep(100);
  }
  const { code, stderr } = await command.result;
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  return { lines: await candidateLines(folder.at(name)), peakBytes };
}

describe('a crawl of hosts that do all that they should not', () => {
  let alone: Awaited<ReturnType<typeof crawl>>;
  let mixed: Awaited<ReturnType<typeof crawl>>;
  let outcomes: Map<string, string>;

  beforeAll(async () => {
    alone = await crawl('good', good());
    const others = [
      ...Object.keys(CHOOSY).map((path) => `${choosy.origin}${path}`),
      ...['/private/a.jpg', '/to-private.jpg', '/reserved.jpg'].map((path) => `${choosy.origin}${path}`),
      ...[1, 2, 3].map((i) => `${dead.origin}/${i}.jpg`),
      ...unlistedUrls(),
    ];
    // Each bad one between good ones.
    const bad = [...hostile(), ...others];
    mixed = await crawl(
      'hostile',
      good().flatMap((url, i) => [url, ...bad.slice(i, i + 1)]),
    );
    outcomes = outcomesOf(mixed.lines);
  }, 280_000);

  it('brings every good photo', () => {
    expect(good().filter((url) => outcomes.get(url) !== 'fetched')).toEqual([]);
    const bytes = (lines: readonly CandidateLine[]): string[] =>
      lines.filter(({ url }) => good().includes(url)).map(({ url, sha256 }) => `${url} ${sha256}`);
    expect(bytes(mixed.lines)).toEqual(bytes(alone.lines));
  });

  it('ends each case under its reason', () => {
    const wrong = [...host.cases]
      .map(([path, expected]) => [path, outcomes.get(`${host.origin}${path}`), expected] as const)
      .filter(([, actual, expected]) => !isReasonOf(expected, actual === 'fetched' ? null : actual));
    expect(wrong).toEqual([]);
    expect(host.cases.size).toBeGreaterThan(50);
  });

  it('asks for nothing that a robots.txt forbids, and takes nothing that says it is not for us', () => {
    const at = (path: string): string | undefined => outcomes.get(`${choosy.origin}${path}`);
    expect(
      Object.fromEntries(
        [...Object.keys(CHOOSY), '/reserved.jpg', '/private/a.jpg', '/to-private.jpg'].map((path) => [path, at(path)]),
      ),
    ).toEqual({
      '/opted-out.jpg': 'opted-out',
      '/opted-out-of-index.jpg': 'opted-out',
      '/opted-out-by-name.jpg': 'opted-out',
      '/for-others.jpg': 'fetched',
      '/free.jpg': 'fetched',
      '/told.jpg': 'fetched',
      '/reserved.jpg': 'opted-out',
      '/private/a.jpg': 'robots-disallowed',
      '/to-private.jpg': 'robots-disallowed',
    });
    expect(choosy.log.filter(({ path }) => path.startsWith('/private'))).toEqual([]);
    expect([host.log[0]?.path, choosy.log[0]?.path]).toEqual(['/robots.txt', '/robots.txt']);
  });

  it('stores what a host says about the use of its photos, as it came', () => {
    const saidOf = (path: string) => mixed.lines.find(({ url }) => url === `${choosy.origin}${path}`)?.signals;
    const robots = 'robots.txt Content-Usage: train-ai=n';
    expect(saidOf('/free.jpg')).toEqual([robots]);
    expect(saidOf('/told.jpg')).toEqual(['X-Robots-Tag: noml', robots]);
    expect(saidOf('/reserved.jpg')).toEqual(['TDM-Reservation: 1', robots]);
    expect(mixed.lines.find(({ url }) => url === good()[0])?.signals).toBeNull();
  });

  it('gives up a host that is not there, and a name of a private address, without holding up the rest', () => {
    expect([1, 2, 3].map((i) => outcomes.get(`${dead.origin}/${i}.jpg`))).toEqual(['connect', 'connect', 'connect']);
    expect(unlistedUrls().map((url) => outcomes.get(url))).toEqual(['address-refused', 'address-refused']);
    expect(unlisted.log).toEqual([]);
    expect(host.log.filter(({ path }) => path.startsWith('/latest'))).toEqual([]);
  });

  it('lets no request take longer than the limit', () => {
    const open = host.log.filter(({ endedMs }) => endedMs === null);
    const slow = host.log.filter(({ atMs, endedMs }) => (endedMs ?? 0) - atMs > TOTAL_TIMEOUT_MS + SLACK_MS);
    expect([open, slow].map((requests) => requests.map(({ path }) => path))).toEqual([[], []]);
  });

  it('keeps its memory flat', (context) => {
    if (alone.peakBytes === 0) context.skip('no /proc here to read the memory of a process from');
    const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
    console.log(
      `peak memory (VmHWM) of a crawl of ${good().length} good photos: ${megabytes(alone.peakBytes)}; ` +
        `with ${host.cases.size} hostile ones between them: ${megabytes(mixed.peakBytes)}`,
    );
    expect(mixed.peakBytes - alone.peakBytes).toBeLessThan(MAX_GROWTH_BYTES);
  });

  it('run again asks for nothing that is settled', async () => {
    const before = host.log.length;
    const again = await winnow(
      urlCrawlArgs({ data: folder.at('hostile'), from: folder.at('hostile.csv'), allow: [host.address] }),
    );
    expect([again.code, host.log.length - before]).toEqual([0, 0]);
  });
});
