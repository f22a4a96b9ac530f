import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { sql } from 'kysely';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Sha256 } from '../../../../src/core/kernel/ids.ts';
import { candidate, photo, store, stored } from '../../../support/catalogue-fixtures.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { ask, bearer, FORM, NO_TOKENS, useDashboard, type Answered } from './support.ts';

const VIEWER = 'viewer-viewer-viewer-viewer';
const TOKENS = { ...NO_TOKENS, viewer: VIEWER };
const PROXY = { trustProxy: ['127.0.0.0/8'] };
const OVERVIEW = '/c/demo/api/overview';
const dashboard = useDashboard(async () => ({ WINNOW_SERVER_STATEMENT_TIMEOUT_MS: '2500' }));

const from = (address: string): { 'x-forwarded-for': string } => ({ 'x-forwarded-for': address });
const logIn = (server: string, token: string, headers: Record<string, string> = {}): Promise<Answered> =>
  ask(server, '/login', { method: 'POST', headers: { ...FORM, ...headers }, body: `token=${token}` });

async function statuses(count: number, request: (i: number) => Promise<Answered>): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i += 1) all.push((await request(i)).status);
  return all;
}

const TEN_WRONG = Array<number>(10).fill(401);

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function open(server: string): Promise<Socket> {
  const { hostname, port } = new URL(server);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

describe('behind a trusted proxy, the limit of tries to log in', () => {
  it('counts for the address that the proxy saw, whatever the client says before it', async () => {
    const server = await dashboard.serve(TOKENS, PROXY);
    const guess = (i: number): Promise<Answered> => logIn(server, `guess-${i}`, from(`198.51.100.${i}, 203.0.113.5`));
    expect(await statuses(12, guess)).toEqual([...TEN_WRONG, 429, 429]);
    expect((await logIn(server, VIEWER, from('203.0.113.6'))).status).toBe(303);
  });

  it('counts for a network of IPv6, since one person has all addresses of it', async () => {
    const server = await dashboard.serve(TOKENS, PROXY);
    const guess = (i: number): Promise<Answered> => logIn(server, `guess-${i}`, from(`2001:db8:1:2::${i + 1}`));
    expect(await statuses(11, guess)).toEqual([...TEN_WRONG, 429]);
    expect((await logIn(server, VIEWER, from('2001:db8:1:3::1'))).status).toBe(303);
  });
});

describe('without a trusted proxy', () => {
  it('the addresses and the scheme that a client claims change nothing', async () => {
    const server = await dashboard.serve(TOKENS);
    const guess = (i: number): Promise<Answered> => logIn(server, `guess-${i}`, from(`198.51.100.${i}`));
    expect(await statuses(11, guess)).toEqual([...TEN_WRONG, 429]);
    const other = await logIn(await dashboard.serve(TOKENS), VIEWER, { 'x-forwarded-proto': 'https' });
    expect(other.headers['set-cookie']?.[0]).not.toContain('Secure');
  });
});

describe('wrong tokens in Authorization', () => {
  it('are limited for their address, which then learns nothing by right ones, while its sessions go on', async () => {
    const server = await dashboard.serve(TOKENS, PROXY);
    const mine = from('203.0.113.7');
    const cookie = String((await logIn(server, VIEWER, mine)).headers['set-cookie']?.[0]?.split(';')[0]);
    const show = (token: string, headers = mine): Promise<Answered> =>
      ask(server, OVERVIEW, { headers: { ...headers, ...bearer(token).headers } });
    expect(await statuses(11, (i) => show(`guess-guess-guess-${i}`))).toEqual([...TEN_WRONG, 429]);
    const right = await show(VIEWER);
    expect([right.status, Number(right.headers['retry-after']) > 0]).toEqual([429, true]);
    expect((await ask(server, OVERVIEW, { headers: { ...mine, cookie } })).status).toBe(200);
    expect((await show(VIEWER, from('203.0.113.8'))).status).toBe(200);
  });

  it('are not counted if they are right, or for a proxy that asks for a password of its own', async () => {
    const server = await dashboard.serve(TOKENS);
    expect(new Set(await statuses(30, () => ask(server, OVERVIEW, bearer(VIEWER))))).toEqual(new Set([200]));
    const basic = { headers: { authorization: 'Basic YTpi' } };
    expect(new Set(await statuses(15, () => ask(server, OVERVIEW, basic)))).toEqual(new Set([401]));
  });
});

describe('a cookie', () => {
  it('is sent over TLS only if a trusted proxy says that the request came over TLS', async () => {
    const server = await dashboard.serve(TOKENS, PROXY);
    const cookieOf = async (protocol: string): Promise<string> =>
      String((await logIn(server, VIEWER, { 'x-forwarded-proto': protocol })).headers['set-cookie']);
    expect(await cookieOf('https')).toMatch(
      /^winnow_session_[\da-f]{8}=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=43200; Secure$/,
    );
    expect(await cookieOf('http')).not.toContain('Secure');
  });
});

describe('behind a proxy that ends TLS, the server', () => {
  const NAME = { host: 'winnow.lab.example', 'x-forwarded-proto': 'https' };

  it('answers for the names of server.allowedHosts, to pages of its own', async () => {
    const server = await dashboard.serve(TOKENS, PROXY);
    const page = (headers: Record<string, string>): Promise<Answered> =>
      ask(server, OVERVIEW, { headers: { ...bearer(VIEWER).headers, ...NAME, ...headers } });
    const answers = [
      await page({ origin: 'https://winnow.lab.example' }),
      await page({ origin: 'http://winnow.lab.example' }),
      await page({ origin: 'https://evil.example' }),
      await page({ host: 'evil.example', 'x-forwarded-host': 'winnow.lab.example' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 403, 403]);
  });

  it('does not start without tokens, since everybody would be at this machine', async () => {
    await expect(dashboard.serve(NO_TOKENS, PROXY)).rejects.toThrow(
      /behind the proxy '127\.0\.0\.0\/8' \(server\.trustProxy\)/,
    );
  });
});

describe('a statement of a request', () => {
  it('is ended after server.statementTimeoutMs, and what is read for everybody is not', async () => {
    const { db } = dashboard.app;
    const server = await dashboard.serve(NO_TOKENS);
    let overview: Promise<Answered> | undefined;
    await db.transaction().execute(async (trx) => {
      await sql`lock table picture in access exclusive mode`.execute(trx);
      overview = ask(server, OVERVIEW);
      const { status, body } = await ask(server, '/c/demo/api/failed-hosts/dns');
      expect([status, JSON.parse(body)]).toEqual([
        503,
        { error: 'The catalogue needed too long for this (server.statementTimeoutMs); try again later' },
      ]);
    });
    expect((await overview)?.status).toBe(200);
  });
});

describe('connections', () => {
  it('of one address are closed at once beyond half of server.maxConnections, and those of a proxy beyond all', async () => {
    const [direct, proxied] = [
      await dashboard.serve(TOKENS, { maxConnections: 6 }),
      await dashboard.serve(TOKENS, { maxConnections: 6, ...PROXY }),
    ];
    for (let i = 0; i < 3; i += 1) await open(direct);
    await once(await open(direct), 'close');
    for (let i = 0; i < 5; i += 1) await open(proxied);
    expect((await ask(proxied, '/health')).status).toBe(200);
    await open(proxied);
    await once(await open(proxied), 'close');
    for (const socket of sockets) socket.destroy();
    await expect
      .poll(async () =>
        ask(direct, '/health').then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
  });
});

describe('400 idle connections and 60 clients that read nothing', () => {
  /** As large as photos get: more than the system holds for a connection. */
  const LARGE = randomBytes(43_000_000);
  const SMALL = randomBytes(30_000);

  async function put(bytes: Buffer): Promise<Sha256> {
    const { db, blobs } = dashboard.app;
    const sha256 = sha256Of(bytes);
    const { waiting } = await store(db, [candidate(sha256, { wnid: 'n01440764' })]);
    await stored(db, waiting[0] ?? 0, { ...photo(sha256), sha256, bytes: bytes.length });
    await blobs.put(sha256, bytes);
    return sha256;
  }

  let photos: readonly Sha256[] = [];
  beforeAll(async () => {
    photos = [await put(LARGE), await put(SMALL)];
  });

  it('keep nobody from pages, counts, live streams and photos', async () => {
    const server = await dashboard.serve(NO_TOKENS);
    await Promise.all(Array.from({ length: 400 }, () => open(server)));
    for (let i = 0; i < 60; i += 1) {
      const socket = await open(server);
      const target = i % 4 === 0 ? '/c/demo/api/live' : `/photos/${photos[0]}`;
      socket.pause().write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    }
    const lines: string[] = [];
    for (const target of ['/', '/health', '/ready', OVERVIEW, '/metrics', `/photos/${photos[1]}`]) {
      const [startMs, cpu] = [performance.now(), process.cpuUsage()];
      expect((await ask(server, target)).status).toBe(200);
      const { user, system } = process.cpuUsage(cpu);
      const took = Math.round(performance.now() - startMs);
      lines.push(`${target.slice(0, 22)} ${took} ms (${Math.round((user + system) / 1_000)} ms of CPU)`);
    }
    const startMs = performance.now();
    const stream = await fetch(`${server}/c/demo/api/live`);
    await stream.body?.getReader().read();
    console.log(`  ${lines.join(', ')}, a live stream ${Math.round(performance.now() - startMs)} ms`);
    expect(stream.status).toBe(200);
    await stream.body?.cancel().catch(() => undefined);
  });
});
