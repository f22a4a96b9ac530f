import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApp, type App } from '../../../../src/core/runtime/open/app.process.ts';
import { usableCollection } from '../../../../src/core/collection/collection.process.ts';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import { openLogger } from '../../../../src/core/platform/log/logger.ts';
import { openSite } from '../../../../src/web/server/dashboard.ts';
import { routesOf } from '../../../../src/web/server/routes.ts';
import { startWebServer, type WebServer } from '../../../../src/web/server/web-server.ts';
import { suiteFolder } from '../../../support/process-tree.ts';
import { until } from '../../../support/until.ts';
import { postmasterPid } from '../../core/platform/embedded-postgres/support.ts';
import { ask } from './support.ts';

const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
const folder = suiteFolder();
let opened: { readonly app: App; readonly site: ReturnType<typeof openSite>; readonly server: WebServer } | undefined;

beforeAll(async () => {
  const { config } = await loadConfig({ env: {} });
  const app = await openApp({ config, dataDir: folder.at(), clientName: 'server', log });
  const { collection: named } = await usableCollection('demo');
  const access = { tokens: [], sessionKey: Buffer.alloc(32) };
  const nowMs = (): number => Date.now();
  const site = openSite(app, {
    ...access,
    nowMs,
    named,
    configOf: async () => config,
    assets: new Map(),
    flags: { data: folder.at() },
  });
  const where = { host: '127.0.0.1', port: 0, allowedHosts: [], reviewer: null };
  const server = await startWebServer({ ...access, ...where, log, nowMs, routes: routesOf(site) });
  opened = { app, site, server };
});
afterAll(async () => {
  await opened?.site.close();
  await opened?.server.close();
  await opened?.app.close();
});

/** The kinds of events that a live stream has sent, in order: `data` or `trouble`. */
function listen(url: string): { readonly kinds: string[]; readonly stop: () => void } {
  const kinds: string[] = [];
  const request = http.get(url, { agent: false }, (response) => {
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      for (const [, trouble] of text.matchAll(/^(?:event: (trouble)\n)?data: /gm)) kinds.push(trouble ?? 'data');
    });
    response.on('error', () => {});
  });
  request.on('error', () => {});
  return { kinds, stop: () => request.destroy() };
}

describe('a server whose embedded PostgreSQL is killed', () => {
  it('starts it again, is ready, and its live streams, orders and log go on', async () => {
    const { url } = opened?.server ?? { url: '' };
    const order = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const body = JSON.stringify({ stages: ['fetch'], everyCollection: true, endWorkers: false });
    expect((await ask(url, '/c/demo/api/pause', { ...order, body })).status).toBe(200);
    const live = listen(`${url}/c/demo/api/live`);
    await until(() => live.kinds.includes('data'));
    for (let kill = 1; kill <= 2; kill += 1) {
      const killed = postmasterPid(folder.at());
      const seen = live.kinds.length;
      process.kill(killed, 'SIGKILL');
      await until(async () => (await ask(url, '/ready')).status === 503);
      await until(async () => (await ask(url, '/ready')).status === 200);
      expect(postmasterPid(folder.at())).not.toBe(killed);
      await until(() => live.kinds.slice(seen).includes('data'));
    }
    live.stop();
    // Committed rows survive, and the server takes the next order.
    expect(JSON.parse((await ask(url, '/c/demo/api/overview')).body)).toMatchObject({ pauses: [{ stage: 'fetch' }] });
    const unpause = JSON.stringify({ stages: ['fetch'], everyCollection: true });
    expect((await ask(url, '/c/demo/api/unpause', { ...order, body: unpause })).status).toBe(200);
    expect(opened?.app.broken.aborted).toBe(false);
  });

  it('lets a second process attach to the server that it started again', async () => {
    process.kill(postmasterPid(folder.at()), 'SIGKILL');
    const { config } = await loadConfig({ env: {} });
    const second = await openApp({ config, dataDir: folder.at(), clientName: 'status', log });
    const { url } = opened?.server ?? { url: '' };
    await until(async () => (await ask(url, '/ready')).status === 200);
    await second.close();
    // If the second process came first, it has stopped PostgreSQL, and the server starts it once more.
    await expect.poll(async () => (await ask(url, '/c/demo/api/overview')).status, { timeout: 60_000 }).toBe(200);
  });
});
