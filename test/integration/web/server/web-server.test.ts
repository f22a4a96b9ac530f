import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLogger } from '../../../../src/core/platform/log/logger.ts';
import type { Route } from '../../../../src/web/server/route.ts';
import { startWebServer, type WebServer } from '../../../../src/web/server/web-server.ts';
import { ask, ON_LOOPBACK } from './support.ts';

const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);

async function serve(handle: Route['handle']): Promise<WebServer> {
  const routes: Route[] = [{ method: 'GET', path: '/it', role: null, handle }];
  const server = await startWebServer({ ...ON_LOOPBACK, log, routes, nowMs: () => Date.now() });
  onTestFinished(() => server.close());
  return server;
}

describe('the web server', () => {
  it('tells nothing of what failed inside: not where a socket or a file should have been', async () => {
    const { url } = await serve(() =>
      Promise.reject(Object.assign(new Error('connect ENOENT /home/ann/data/socket'), { code: 'ENOENT' })),
    );
    const { status, body } = await ask(url, '/it');
    expect([status, JSON.parse(body)]).toEqual([503, { error: 'The server failed at this; its log says how' }]);
  });

  it('answers the requests in progress when it is closed, and waits for no slow client', async () => {
    let end = (): void => {};
    const work = new Promise<void>((resolve) => (end = resolve));
    const server = await serve(() => work.then(() => ({ done: true })));
    const answer = ask(server.url, '/it');
    const { hostname, port } = new URL(server.url);
    const dawdler = connect(Number(port), hostname).on('error', () => {});
    dawdler.write('POST /it HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{');
    await setTimeout(300);
    const closed = server.close();
    await setTimeout(100);
    end();
    expect([(await answer).body, await closed]).toEqual(['{"done":true}', undefined]);
  });

  it('ends when the work for a client that hung up is done', async () => {
    let end = (): void => {};
    const work = new Promise<void>((resolve) => (end = resolve));
    const server = await serve(() => work);
    const { hostname, port } = new URL(server.url);
    const client = connect(Number(port), hostname).on('error', () => {});
    client.write('GET /it HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await setTimeout(300);
    client.destroy();
    let isClosed = false;
    const closed = server.close().then(() => (isClosed = true));
    await setTimeout(300);
    expect(isClosed).toBe(false);
    end();
    expect(await closed).toBe(true);
  });
});
