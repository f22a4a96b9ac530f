import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { goodPhoto, GOOD_PATHS, startPhotoServer, type LocalServer } from '../support/photo-server.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { candidateLines, urlCrawlArgs, writeUrlList } from '../support/url-list.ts';
import { startWinnow, winnow } from '../support/winnow.ts';
import { catalogueOf, useSharedServer } from '../support/shared-server.ts';

useSharedServer();

const folder = suiteFolder();
const LEAPING_CLOCK = fileURLToPath(new URL('../support/leaping-clock.mjs', import.meta.url));
const PHOTOS = 40;
const HOUR_MS = 3_600_000;
const RETRY_AFTER_S = 3;

/** Serves all photos. The first try of two fails: one connection breaks off, one answer gives a Retry-After (and calls `onLimit`). */
async function startHost(onLimit: () => void): Promise<LocalServer> {
  const tried = new Set<string>();
  return startPhotoServer((request, response) => {
    const at = request.url ?? '';
    const isFirst = !tried.has(at);
    tried.add(at);
    if (at === '/robots.txt') return void response.writeHead(404).end();
    if (isFirst && at === '/photo/4.jpg') return void request.socket.destroy();
    if (isFirst && at === '/photo/9.jpg') {
      onLimit();
      return void response.writeHead(503, { 'retry-after': String(RETRY_AFTER_S) }).end();
    }
    const photo = goodPhoto(GOOD_PATHS[Number(/\d+/.exec(at)?.[0] ?? 0)] ?? '');
    return void response.writeHead(200, { 'content-type': 'image/jpeg' }).end(photo);
  });
}

describe('a crawl whose clock leaps', { timeout: 120_000 }, () => {
  it.concurrent.each([
    ['an hour ahead', HOUR_MS],
    ['an hour back', -HOUR_MS],
  ])('%s asks nothing too early, and waits for nothing longer than it was told', async (name, leapMs) => {
    let leap = (): void => undefined;
    const host = await startHost(() => leap());
    const data = folder.at(name);
    const urls = Array.from({ length: PHOTOS }, (_, i) => `${host.origin}/photo/${i}.jpg`);
    const from = await writeUrlList(folder.at(`${name}.csv`), urls);
    const settings = { 'fetch.connectionsPerHost': 1 };
    await catalogueOf(data);
    const crawl = startWinnow(urlCrawlArgs({ data, from, allow: [host.address], settings }), {
      env: {
        NODE_OPTIONS: `--import ${LEAPING_CLOCK}`,
        WINNOW_TEST_LEAP_MS: String(leapMs),
      },
      // Far from an hour.
      timeoutMs: 60_000,
    });
    // Once all pauses have begun, by the clock as it was.
    leap = () => void setTimeout(() => process.kill(crawl.child.pid ?? 0, 'SIGUSR2'), 1_000);
    const { code, stderr } = await crawl.result;
    await host.close();
    expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
    const limited = host.log.find(({ status }) => status === 503);
    const later = host.log.filter(({ atMs }) => limited !== undefined && atMs > limited.atMs);
    expect(later.length).toBeGreaterThan(0);
    // Timers may come a moment early.
    const soonestMs = Math.min(...later.map(({ atMs }) => atMs - (limited?.atMs ?? 0)));
    expect(soonestMs).toBeGreaterThanOrEqual(RETRY_AFTER_S * 1_000 - 50);
    const asked = host.log.map((request) => request.path).filter((at) => at !== '/robots.txt');
    expect([asked.length, new Set(asked).size]).toEqual([PHOTOS + 2, PHOTOS]);
    const states = (await candidateLines(data)).map(({ state }) => state);
    expect([states.length, new Set(states)]).toEqual([PHOTOS, new Set(['fetched'])]);
    const doctor = await winnow(['doctor', '--deep', '--data', data, '--json']);
    expect((JSON.parse(doctor.stdout) as { ok: boolean }[]).filter(({ ok }) => !ok)).toEqual([]);
  });
});
