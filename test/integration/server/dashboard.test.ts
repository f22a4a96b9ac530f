import http, { type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { settlePicture } from '../../../src/candidate/fetch-queue.repository.ts';
import { candidate, fetched, photo, sha256Of, store, stored } from '../catalogue/fixtures.ts';
import { NO_TOKENS, useDashboard } from './support.ts';

const dashboard = useDashboard();
const OPERATOR = 'operator-operator-operator';
const VIEWER = 'viewer-viewer-viewer-viewer';
const JPEG = Buffer.from('not really a JPEG, which is for the inspection to see');
const jpegSha256 = sha256Of(JPEG.toString());
const wnid = 'n01440764';

let open = '';
let guarded = '';

beforeAll(async () => {
  const { db, blobs } = dashboard.app;
  const { waiting } = await store(db, [candidate('tench', { wnid })]);
  await stored(db, waiting[0] ?? 0, photo(JPEG.toString()));
  await blobs.put(jpegSha256, JPEG);
  await fetched(db, [candidate('svg', { wnid })], 'a picture without bytes');
  open = await dashboard.serve(NO_TOKENS);
  guarded = await dashboard.serve({ operator: OPERATOR, reviewer: null, viewer: VIEWER });
});

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** As `fetch`, which would not send these headers. */
async function ask(
  server: string,
  target: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Answered> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path: target, method, headers, agent: false });
    request.once('error', reject);
    request.once('response', (response) => {
      void text(response).then((all) =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: all }),
      );
    });
    request.end(body);
  });
}

const bearer = (token: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Bearer ${token}` },
});
const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('a dashboard without tokens, on this machine', () => {
  it('shows the funnel as the catalogue has it', async () => {
    const { status, body } = await ask(open, '/api/overview');
    expect([status, JSON.parse(body)]).toEqual([
      200,
      expect.objectContaining({
        collection: 'demo',
        totals: expect.objectContaining({ found: 2, fetched: 2 }),
        workers: [expect.objectContaining({ name: 'server', pid: process.pid })],
      }),
    ]);
  });

  it('sends what changes as it changes', async () => {
    const response = await fetch(`${open}/api/live`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const next = async (): Promise<number> => {
      for (let all = ''; ;) {
        all += (await reader?.read())?.value ?? '';
        const data = /^data: (.*)\n\n/m.exec(all)?.[1];
        if (data !== undefined) return (JSON.parse(data) as { totals: { found: number } }).totals.found;
      }
    };
    const before = await next();
    await store(dashboard.app.db, [candidate('one more', { wnid })]);
    let after = before;
    while (after === before) after = await next();
    expect([response.headers.get('content-type'), after]).toEqual(['text/event-stream', before + 1]);
    await reader?.cancel();
  });

  it('serves pages whose scripts and styles are files of its own', async () => {
    const { body, headers } = await ask(open, '/');
    expect(headers['content-security-policy']).toMatch(/default-src 'none';script-src 'self';style-src 'self'/);
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
    for (const [, asset = ''] of body.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect((await ask(open, asset)).status).toBe(200);
    }
  });

  it('serves a photo as a picture and nothing else', async () => {
    const { status, headers, body } = await ask(open, `/photos/${jpegSha256}`);
    expect([status, body]).toEqual([200, JPEG.toString()]);
    expect(headers).toMatchObject({
      'content-type': 'image/jpeg',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  it('counts for Prometheus, by labels of closed lists', async () => {
    const { body, headers } = await ask(open, '/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toContain('winnow_candidates{collection="demo",source="folder",state="fetched"} 2');
    expect(body).toContain('winnow_processes{collection="demo",name="server"} 1');
    expect(body).not.toMatch(/n01440764|tench|file:/);
  });

  it('says that it runs, and that it can work', async () => {
    expect([(await ask(open, '/health')).body, (await ask(open, '/ready')).body]).toEqual([
      '{"status":"up"}',
      '{"status":"ready"}',
    ]);
  });
});

/** A request, and the status that it gets. */
interface Case extends Asked {
  readonly what: string;
  readonly target: string;
  readonly status: number;
}

describe('an attack', () => {
  const json = { 'content-type': 'application/json' };
  const ofAnotherSite = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };

  it.each<Case>([
    {
      what: 'another host name (DNS rebinding)',
      target: '/api/overview',
      headers: { host: 'evil.example' },
      status: 403,
    },
    {
      what: 'a page of another origin',
      target: '/api/overview',
      headers: { origin: 'https://evil.example' },
      status: 403,
    },
    { what: 'a picture in a page elsewhere', target: `/photos/${jpegSha256}`, headers: ofAnotherSite, status: 403 },
    {
      what: 'a form of another site',
      target: '/logout',
      method: 'POST',
      headers: { ...form, origin: 'null' },
      status: 403,
    },
    { what: 'a path out of the folder', target: '/photos/..%2f..%2f..%2fetc%2fpasswd', status: 404 },
    { what: 'a path out of the assets', target: '/assets/..%2f..%2fpackage.json', status: 404 },
    { what: 'a name of a property of all objects', target: '/assets/__proto__', status: 404 },
    { what: 'bytes that are not there', target: `/photos/${sha256Of('a picture without bytes')}`, status: 404 },
    { what: 'a reason that is none', target: '/api/examples/%27%20or%201=1%20--', status: 404 },
    {
      what: 'a body that is too large',
      target: '/login',
      method: 'POST',
      headers: form,
      body: `token=${'x'.repeat(70_000)}`,
      status: 413,
    },
    {
      what: 'a body that is no form',
      target: '/login',
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body: '<a/>',
      status: 415,
    },
    {
      what: 'JSON that sets prototypes',
      target: '/login',
      method: 'POST',
      headers: json,
      body: '{"__proto__":{"token":1}}',
      status: 400,
    },
    { what: 'another try for what cannot fail', target: '/api/retry/licence-not-allowed', method: 'POST', status: 404 },
    { what: 'a method that is not served', target: '/api/overview', method: 'DELETE', status: 404 },
    { what: 'a path that cannot be decoded', target: '/%', status: 400 },
  ])('with $what gets $status and no more', async ({ target, status, ...asked }) => {
    const answer = await ask(open, target, asked);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, { error: expect.any(String) }]);
    expect(answer.body).not.toMatch(/node_modules|\/src\/|at \w+ \(/);
  });

  it('with a line break in a header is no HTTP, and the server goes on', async () => {
    const { hostname, port } = new URL(open);
    const socket = connect(Number(port), hostname);
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: b\rSet-Cookie: c=d\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask(open, '/health')).status).toBe(200);
  });
});

describe('a dashboard with tokens', () => {
  it.each<Case>([
    { what: 'nothing', target: '/api/overview', status: 401 },
    { what: 'a wrong token', target: '/api/overview', ...bearer('wrong-wrong-wrong-wrong'), status: 401 },
    {
      what: 'a forged session',
      target: '/api/overview',
      headers: { cookie: 'winnow_session=operator.9999999999999.AAAA' },
      status: 401,
    },
    { what: "a viewer's token", target: '/api/overview', ...bearer(VIEWER), status: 200 },
    { what: "Prometheus with a viewer's token", target: '/metrics', ...bearer(VIEWER), status: 200 },
    { what: 'nothing, for metrics', target: '/metrics', status: 401 },
    { what: 'nothing, for a photo', target: `/photos/${jpegSha256}`, status: 401 },
    { what: 'nothing, for its health', target: '/health', status: 200 },
    {
      what: 'a token, by an allowed name',
      target: '/api/overview',
      headers: { authorization: `Bearer ${VIEWER}`, host: 'winnow.lab.example' },
      status: 200,
    },
  ])('answers $what with $status', async ({ target, status, ...asked }) => {
    expect((await ask(guarded, target, asked)).status).toBe(status);
  });

  it('lets an operator, and nobody else, give what failed another try', async () => {
    const { db } = dashboard.app;
    const { waiting } = await store(db, [candidate('slow host', { wnid })]);
    await settlePicture(db, waiting[0] ?? 0, { state: 'failed', reason: 'timeout-total', detail: 'too slow' });
    const statuses = [];
    for (const asked of [{}, bearer(VIEWER)]) {
      statuses.push((await ask(guarded, '/api/retry/timeout-total', { ...asked, method: 'POST' })).status);
    }
    const { status, body } = await ask(guarded, '/api/retry/timeout-total', { ...bearer(OPERATOR), method: 'POST' });
    expect([statuses, status, JSON.parse(body)]).toEqual([
      [401, 403],
      200,
      { pictures: 1, decisions: 0, refetched: 0 },
    ]);
  });

  it('gives a session for a token, which scripts cannot read, and ends it', async () => {
    const origin = new URL(guarded).origin;
    const headers = { ...form, origin };
    const logIn = await ask(guarded, '/login', { method: 'POST', headers, body: `token=${VIEWER}` });
    const [cookie = ''] = logIn.headers['set-cookie'] ?? [];
    expect([logIn.status, logIn.headers.location, cookie]).toEqual([
      303,
      '/',
      expect.stringMatching(/^winnow_session=viewer\.\d+\.[\w-]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/),
    ]);
    const [session = ''] = cookie.split(';');
    expect((await ask(guarded, '/', { headers: { cookie: session } })).status).toBe(200);
    const logOut = await ask(guarded, '/logout', { method: 'POST', headers: { origin } });
    expect(logOut.headers['set-cookie']).toEqual([expect.stringContaining('Max-Age=0')]);
  });

  it('shows whoever opens a page where to log in', async () => {
    const { status, headers } = await ask(guarded, '/', { headers: { accept: 'text/html' } });
    expect([status, headers.location]).toEqual([303, '/login']);
    expect((await ask(guarded, '/login')).body).toContain('type="password"');
  });

  it('lets nobody guess on and on', async () => {
    const server = await dashboard.serve({ operator: OPERATOR, reviewer: null, viewer: null });
    const statuses: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      const guess = await ask(server, '/login', { method: 'POST', headers: form, body: `token=guess-${i}` });
      statuses.push(guess.status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
  });
});

describe('a dashboard for other machines', () => {
  it('needs a token', async () => {
    await expect(dashboard.serve(NO_TOKENS, '0.0.0.0')).rejects.toMatchObject({
      code: 'server-token',
    });
  });

  it('says so if it cannot listen where it should', async () => {
    await expect(
      dashboard.serve({ operator: OPERATOR, reviewer: null, viewer: null }, '203.0.113.7'),
    ).rejects.toMatchObject({
      code: 'server-address',
    });
  });
});
