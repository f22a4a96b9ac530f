import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openLogger } from '../../../src/platform/log/logger.ts';
import { streamFeed } from '../../../src/server/handlers/live.ts';
import { LiveFeed } from '../../../src/server/live-feed.ts';
import type { Route } from '../../../src/server/route.ts';
import { startWebServer } from '../../../src/server/web-server.ts';
import { ask } from './support.ts';

const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(feed: LiveFeed<unknown>): Promise<string> {
  const where = {
    host: '127.0.0.1',
    port: 0,
    tokens: [],
    sessionKey: Buffer.alloc(32),
    allowedHosts: [],
    reviewer: null,
  };
  const routes: Route[] = [
    { method: 'GET', path: '/live', role: null, handle: (exchange) => streamFeed(exchange, feed) },
  ];
  const server = await startWebServer({ ...where, log, routes, nowMs: () => Date.now() });
  closers.push(async () => {
    feed.close();
    await server.close();
  });
  return server.url;
}

describe('a live stream', () => {
  it('ends with the feed, also while something is read to be told', async () => {
    const ends: (() => void)[] = [];
    const read = (): Promise<number> => new Promise((resolve) => ends.push(() => resolve(1)));
    const feed = new LiveFeed({ read, everyMs: 1, onError: () => {} });
    const stream = ask(await serve(feed), '/live');
    await vi.waitUntil(() => ends.length === 1);
    feed.close();
    // What is written after the end would end the process.
    ends[0]?.();
    expect(await stream).toMatchObject({ status: 200, body: '' });
  });

  it('ends after a while, so that the session of its reader is checked again', async () => {
    const feed = new LiveFeed({ read: async () => 1, everyMs: 10, streamMs: 200, onError: () => {} });
    const { body } = await ask(await serve(feed), '/live');
    expect(body).toMatch(/^data: 1\n\n/);
    await vi.waitUntil(() => feed.listeners === 0);
  });

  it('begins with what is so, however long ago somebody listened last', async () => {
    let readings = 0;
    const feed = new LiveFeed({ read: async () => (readings += 1), everyMs: 60_000, streamMs: 150, onError: () => {} });
    const url = await serve(feed);
    const first = [(await ask(url, '/live')).body, (await ask(url, '/live')).body];
    expect(first).toEqual(['data: 1\n\n', 'data: 2\n\n']);
  });

  it('is none for who asks only whether there is one', async () => {
    const feed = new LiveFeed({ read: async () => 1, everyMs: 10, onError: () => {} });
    const url = await serve(feed);
    const answer = await Promise.race([ask(url, '/live', { method: 'HEAD' }), setTimeout(2_000)]);
    expect([answer?.status, answer?.headers['content-type'], feed.listeners]).toEqual([200, 'text/event-stream', 0]);
  });
});
