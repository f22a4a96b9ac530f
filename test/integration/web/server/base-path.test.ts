import http from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { startWebServer } from '../../../../src/web/server/web-server.ts';
import { findChromium, NO_CHROMIUM, openBrowser } from '../../../support/browser.ts';
import { candidate, decideAs, fetched, kept } from '../../../support/catalogue-fixtures.ts';
import { openLogger } from '../../../../src/core/platform/log/logger.ts';
import { ask, FORM, ON_LOOPBACK, useDashboard } from './support.ts';

const BASE = '/tools/winnow';
const dashboard = useDashboard(async () => ({ WINNOW_SERVER_BASE_PATH: BASE }));
const chromium = findChromium();
const TENCH = 'n01440764';
const TOKEN = 'operator-operator-operator';
const closers: (() => Promise<unknown> | void)[] = [];
let browser: Browser | undefined;

interface Proxy {
  readonly url: string;
  /** Addresses outside the path, which are another program's. */
  readonly strays: string[];
}

/** Serves the server below the path, as nginx does: with `isStripped`, as `proxy_pass http://…:4310/;` */
async function proxyOf(server: string, isStripped: boolean): Promise<Proxy> {
  const strays: string[] = [];
  const proxy = http.createServer((request, response) => {
    const { url = '', method, headers } = request;
    if (url !== BASE && !url.startsWith(`${BASE}/`)) {
      if (url !== '/favicon.ico') strays.push(`${url} from ${headers.referer ?? 'nowhere'}`);
      response.writeHead(404).end();
      return;
    }
    const path = isStripped ? url.slice(BASE.length) || '/' : url;
    const { hostname, port } = new URL(server);
    const passed = http.request({ hostname, port, path, method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    response.on('close', () => passed.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  closers.push(
    () => proxy.closeAllConnections(),
    () => void proxy.close(),
  );
  return { url: `http://127.0.0.1:${Object(proxy.address()).port}`, strays };
}

beforeAll(async () => {
  const { app, workspace } = dashboard;
  for (const name of ['a', 'b']) {
    const id = await fetched(app.db, [candidate(name, { wnid: TENCH })], name);
    await decideAs(app.db, workspace.scope, [kept(id, TENCH)]);
  }
  const policy = { cap: 5, nearDuplicateDistance: 0, nearDuplicateCosine: null };
  await buildShortlist(app.db, workspace.scope, { policy, backboneId: null });
  browser = chromium === null ? undefined : await openBrowser(chromium);
});

afterAll(async () => {
  await browser?.close();
  for (const close of closers) await close();
});

async function opened(isStripped: boolean): Promise<Proxy> {
  const people = { ana: { role: 'operator', token: TOKEN } } as const;
  const server = await dashboard.serve({ operator: null, reviewer: null, viewer: null, people }, { basePath: BASE });
  return proxyOf(new URL(server).origin, isStripped);
}

describe.each([
  { what: 'that leaves its path in addresses', isStripped: false },
  { what: 'that takes its path off addresses', isStripped: true },
])('behind a proxy $what', ({ isStripped }) => {
  it('a person logs in and follows every link and form of the pages that the server writes', async () => {
    const proxy = await opened(isStripped);
    const to = `${BASE}/c/demo`;
    const asked = await ask(proxy.url, to, { headers: { accept: 'text/html' } });
    expect(asked.headers.location).toBe(`${BASE}/login?to=%2Fc%2Fdemo`);
    const body = `token=${TOKEN}&to=${encodeURIComponent('/c/demo')}`;
    const loggedIn = await ask(proxy.url, `${BASE}/login`, { method: 'POST', headers: FORM, body });
    expect(loggedIn.headers.location).toBe(to);
    const [cookie = ''] = loggedIn.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/; Path=\/tools\/winnow; HttpOnly;/);
    const headers = { accept: 'text/html', cookie: cookie.split(';')[0] ?? '' };

    const seen = new Set([`${BASE}/`, `${BASE}/c/demo`, `${BASE}/nothing`, `${BASE}/%zz`, `${BASE}/c/demo/report`]);
    for (const address of seen) {
      const { status, headers: got, body: page } = await ask(proxy.url, address, { headers });
      expect([address, status < 500]).toEqual([address, true]);
      const addresses = String(got['content-type']).startsWith('text/html')
        ? [...page.matchAll(/ (?:href|src|action)="(\/[^"#]*)/g)].map(([, one = '']) => one.replaceAll('&amp;', '&'))
        : [];
      const next = [
        ...addresses,
        ...(got.location === undefined ? [] : [new URL(got.location, `${proxy.url}${address}`).pathname]),
      ];
      expect([address, next.filter((one) => !one.startsWith(BASE))]).toEqual([address, []]);
      for (const one of next) if (!/\/(photos\/|thumbnails|logout)/.test(one)) seen.add(one);
    }

    expect(seen).toContain(`${BASE}/c/demo/photos?state=open`);
    expect(proxy.strays).toEqual([]);
  });
});

it('behind a proxy, the pages that scripts fill show live numbers, store a verdict and stay below the path', async (context) => {
  context.skip(browser === undefined, NO_CHROMIUM);
  const proxy = await opened(true);
  const page = await browser?.newPage();
  if (page === undefined) throw new Error('Expected a page');
  await page.goto(`${proxy.url}${BASE}/`);
  await page.getByLabel('Token').fill(TOKEN);
  await page.keyboard.press('Enter');
  const stream = page.waitForResponse(/\/api\/live$/);
  await page.getByRole('link', { name: 'demo' }).first().click();
  await page.locator('main[data-ready]').waitFor();
  expect((await stream).status()).toBe(200);
  for (const [link, ready] of [
    ['Queues', 'main[data-ready]'],
    ['Single jobs', '#root a'],
    ['← Queues of winnow', 'main[data-ready]'],
    ['Collections', '.collections .funnel'],
    ['demo', 'main[data-ready]'],
    ['Photos', 'main[data-ready] .tile'],
    ['Review', 'main[data-ready] [data-photo]'],
  ] as const) {
    await page.getByRole('link', { name: link, exact: true }).first().click();
    await page.locator(ready).first().waitFor();
  }
  const stored = page.waitForResponse(/\/api\/review\/actions$/);
  await page.keyboard.press('u');
  expect((await stored).status()).toBe(200);
  await page.keyboard.press('g');
  await page.locator('main[data-ready] .tile').first().waitFor();
  expect(new URL(page.url()).pathname).toBe(`${BASE}/c/demo/review/grid`);
  expect(proxy.strays).toEqual([]);
  const names = await page.evaluate<readonly { readonly name: string }[]>('indexedDB.databases()');
  expect(names.filter(({ name }) => !name.endsWith(BASE))).toEqual([]);
  await page.close();
});

it('a base path that begins as an address of winnow is refused', async () => {
  const log = openLogger({ level: 'silent', format: 'json' }, process.stderr);
  const routes = [{ method: 'GET', path: '/photos/:sha256', role: null, handle: async () => ({}) }] as const;
  const started = startWebServer({ ...ON_LOOPBACK, basePath: '/photos/x', log, routes, nowMs: () => Date.now() });
  await expect(started).rejects.toThrow("(photos) but received '/photos/x'");
});
