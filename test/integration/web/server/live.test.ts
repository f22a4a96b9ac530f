import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openLogger } from '../../../../src/core/platform/log/logger.ts';
import { streamFeed } from '../../../../src/web/server/handlers/pages.ts';
import { LiveFeed, type Dated } from '../../../../src/web/server/live/live-feed.ts';
import { LivePlaces } from '../../../../src/web/server/live/places.ts';
import type { Route } from '../../../../src/web/server/route.ts';
import { startWebServer } from '../../../../src/web/server/web-server.ts';
import { ask, ON_LOOPBACK } from './support.ts';

const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);

async function serve(feed: LiveFeed<Dated>, places = new LivePlaces()): Promise<string> {
  const routes: Route[] = [
    { method: 'GET', path: '/live', role: null, handle: (exchange) => streamFeed(exchange, feed, places) },
  ];
  const server = await startWebServer({ ...ON_LOOPBACK, log, routes, nowMs: () => Date.now() });
  onTestFinished(async () => {
    feed.close();
    await server.close();
  });
  return server.url;
}

const at = '2026-11-27T12:00:00.000Z';
const onError = (): void => {};
/** The events of a stream, without heartbeats. */
const eventsIn = (body: string): string[] => body.split('\n\n').filter((event) => event.startsWith('data:'));

describe('a live stream', () => {
  it('ends with the feed, also while something is read to be told', async () => {
    const ends: (() => void)[] = [];
    const read = (): Promise<Dated> => new Promise((resolve) => ends.push(() => resolve({ at })));
    const feed = new LiveFeed({ read, everyMs: 1, onError });
    const stream = ask(await serve(feed), '/live');
    await vi.waitUntil(() => ends.length === 1);
    feed.close();
    // A write after the end would crash the process.
    ends[0]?.();
    expect(await stream).toMatchObject({ status: 200, body: '' });
  });

  it('ends after a while, so that the session of its reader is checked again', async () => {
    const feed = new LiveFeed({ read: async () => ({ at, n: 1 }), everyMs: 10, streamMs: 200, onError });
    const { body } = await ask(await serve(feed), '/live');
    expect(eventsIn(body)).toEqual([`data: {"n":1,"at":"${at}"}`]);
    await vi.waitUntil(() => feed.listeners === 0);
  });

  it('begins with the present state, however long ago the last listener left', async () => {
    let n = 0;
    const feed = new LiveFeed({ read: async () => ({ at, n: (n += 1) }), everyMs: 60_000, streamMs: 150, onError });
    const url = await serve(feed);
    const first = [(await ask(url, '/live')).body, (await ask(url, '/live')).body];
    expect(first.map(eventsIn)).toEqual([[`data: {"n":1,"at":"${at}"}`], [`data: {"n":2,"at":"${at}"}`]]);
  });

  it('carries everything once, then only what changed, and a heartbeat if nothing does', async () => {
    let readings = 0;
    const read = async () => {
      readings += 1;
      return { at, same: 'the same', rows: [readings < 3 ? 'a' : 'b', 'c'], large: 'x'.repeat(100) };
    };
    const feed = new LiveFeed({ read, everyMs: 20, streamMs: 600, heartbeatMs: 100, onError });
    const { body } = await ask(await serve(feed), '/live');
    expect(readings).toBeGreaterThan(3);
    expect(eventsIn(body)).toEqual([
      `data: {"same":"the same","rows#":2,"rows#0":"a","rows#1":"c","large":"${'x'.repeat(100)}","at":"${at}"}`,
      `data: {"rows#0":"b","at":"${at}"}`,
    ]);
    expect(body).toContain(`event: read\ndata: "${at}"\n\n`);
  });

  it('gives a page that reads slowly what it missed, in one piece', async () => {
    let n = 0;
    const pad = 'x'.repeat(100_000);
    const feed = new LiveFeed({ read: async () => ({ at, n: (n += 1), pad }), everyMs: 5, onError });
    const events = feed.listen();
    onTestFinished(() => feed.close());
    // The first event is more than the stream holds, so that the next ones wait until it is read.
    await vi.waitUntil(() => n > 5);
    const seen: unknown[] = [];
    events.on('data', (chunk: Buffer) => seen.push(...eventsIn(String(chunk))));
    await vi.waitUntil(() => seen.length > 1);
    expect([String(seen[0]).slice(0, 15), /^data: \{"n":\d+,"at"/.test(String(seen[1]))]).toEqual([
      'data: {"n":1,"p',
      true,
    ]);
    expect(Number(/\d+/.exec(String(seen[1]))?.[0])).toBeGreaterThan(5);
  });

  it('says when the catalogue can be read again', async () => {
    let readings = 0;
    const read = async (): Promise<Dated> => {
      readings += 1;
      if (readings === 2) throw new Error('the catalogue is gone');
      return { at };
    };
    const feed = new LiveFeed({ read, everyMs: 20, streamMs: 500, onError });
    const { body } = await ask(await serve(feed), '/live');
    expect(body).toMatch(/event: trouble\ndata: "The catalogue cannot be read just now"\n\nevent: read\n/);
  });

  it('is none for who asks only whether there is one', async () => {
    const feed = new LiveFeed({ read: async () => ({ at }), everyMs: 10, onError });
    const url = await serve(feed);
    const answer = await Promise.race([ask(url, '/live', { method: 'HEAD' }), setTimeout(2_000)]);
    expect([answer?.status, answer?.headers['content-type'], feed.listeners]).toEqual([200, 'text/event-stream', 0]);
  });

  it('has its place given to another one when it ends', async () => {
    const url = await serve(new LiveFeed({ read: async () => ({ at }), everyMs: 1_000, streamMs: 20, onError }));
    const statuses: number[] = [];
    for (let i = 0; i < 25; i += 1) statuses.push((await ask(url, '/live')).status);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it('is refused to an address that has twenty, and to everybody once two hundred are open', async () => {
    const places = new LivePlaces();
    const url = await serve(new LiveFeed({ read: async () => ({ at }), everyMs: 1_000, onError }), places);
    const own = Array.from({ length: 20 }, () => places.take('127.0.0.1'));
    const mine = await ask(url, '/live');
    expect([mine.status, mine.headers['retry-after'], JSON.parse(mine.body)]).toEqual([
      429,
      '30',
      { error: 'Too many live pages of yours are open; close one of them' },
    ]);
    expect((await ask(url, '/live', { method: 'HEAD' })).status).toBe(429);
    for (const place of own) if ('release' in place) place.release();
    for (let i = 0; i < 200; i += 1) places.take(`10.0.0.${Math.floor(i / 20)}`);
    expect((await ask(url, '/live')).status).toBe(503);
  });
});
