import { beforeAll, describe, expect, it } from 'vitest';
import { addJobs } from '../../../../src/core/runtime/work/job-history.repository.ts';
import { settlePicture } from '../../../../src/core/crawl/candidates/fetch-queue.repository.ts';
import { candidate, fetched, photo, store, stored } from '../../../support/catalogue-fixtures.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { ask, bearer, FORM, JSON_BODY, NO_TOKENS, useDashboard, type Asked } from './support.ts';

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

describe('a dashboard without tokens, on this machine', () => {
  it('shows the funnel as the catalogue has it', async () => {
    const { status, body } = await ask(open, '/c/demo/api/overview');
    expect([status, JSON.parse(body)]).toEqual([
      200,
      expect.objectContaining({
        collection: 'demo',
        totals: expect.objectContaining({ found: 2, fetched: 2 }),
        workers: [expect.objectContaining({ name: 'server', pid: process.pid })],
      }),
    ]);
  });

  it('says why a job failed, without the folders of this machine to all but operators with a token', async () => {
    const { db } = dashboard.app;
    const { collectionId } = dashboard.workspace.scope;
    const failed = {
      at: new Date().toISOString(),
      collectionId,
      stage: 'filter',
      state: 'failed',
      photos: 1,
      seconds: 1,
    } as const;
    const where = { source: null, queryId: null, host: null, page: null, worker: 'w' };
    await addJobs(db, [{ ...failed, ...where, reason: 'ENOENT: no bytes at /home/ana/set/blobs/ab' }]);
    const reasons = async (token: string): Promise<unknown[]> => {
      const { body } = await ask(guarded, '/c/demo/api/overview', bearer(token));
      return (JSON.parse(body) as { jobs: { reason: unknown }[] }).jobs.map(({ reason }) => reason);
    };
    expect(await reasons(VIEWER)).toEqual(['ENOENT: no bytes at ab']);
    expect(await reasons(OPERATOR)).toEqual(['ENOENT: no bytes at /home/ana/set/blobs/ab']);
  });

  it('sends what changes as it changes', async () => {
    const response = await fetch(`${open}/c/demo/api/live`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    const next = async (): Promise<number> => {
      for (let all = ''; ;) {
        all += (await reader?.read())?.value ?? '';
        const data = /^data: (\{.*"totals":.*)\n\n/m.exec(all)?.[1];
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

  it('counts photos and bytes once a minute at most, because every photo is looked at for that', async () => {
    const storedPhotos = async (url: string): Promise<number> =>
      Number(/winnow_stored_photos\{.*state="stored"\} (\d+)/.exec((await ask(url, '/metrics')).body)?.[1]);
    const before = await storedPhotos(open);
    await fetched(dashboard.app.db, [candidate('later', { wnid })], 'one that came later');
    expect([await storedPhotos(open), await storedPhotos(await dashboard.serve(NO_TOKENS))]).toEqual([
      before,
      before + 1,
    ]);
  });

  it('says that it runs, and that it can work', async () => {
    expect([(await ask(open, '/health')).body, (await ask(open, '/ready')).body]).toEqual([
      '{"status":"up"}',
      '{"status":"ready"}',
    ]);
  });
});

describe('a dashboard with tokens', () => {
  it.each<Asked & { what: string; target: string; status: number }>([
    { what: "a viewer's token", target: '/c/demo/api/overview', ...bearer(VIEWER), status: 200 },
    { what: "Prometheus with a viewer's token", target: '/metrics', ...bearer(VIEWER), status: 200 },
    { what: 'nothing, for metrics', target: '/metrics', status: 401 },
    { what: 'nothing, for its health', target: '/health', status: 200 },
    {
      what: 'a token, by an allowed name',
      target: '/c/demo/api/overview',
      headers: { authorization: `Bearer ${VIEWER}`, host: 'winnow.lab.example' },
      status: 200,
    },
  ])('answers $what with $status', async ({ target, status, ...asked }) => {
    expect((await ask(guarded, target, asked)).status).toBe(status);
  });

  it('lets an operator pause and go on, says so everywhere, and takes twice for once', async () => {
    const send = async (path: string, order: object): Promise<unknown> => {
      const headers = { ...JSON_BODY, ...bearer(OPERATOR).headers };
      const { status, body } = await ask(guarded, path, { method: 'POST', headers, body: JSON.stringify(order) });
      return [status, JSON.parse(body)];
    };
    const order = { stages: ['filter', 'fetch'], everyCollection: false };
    const held = (stage: string): unknown =>
      expect.objectContaining({ stage, collection: 'demo', by: 'operator', endsWorkers: true, inHand: 0 });
    const pauses = [held('fetch'), held('filter')];
    for (let i = 0; i < 2; i += 1)
      expect(await send('/c/demo/api/pause', { ...order, endWorkers: true })).toEqual([200, { pauses }]);
    const told = await ask(guarded, '/c/demo/api/overview', bearer(VIEWER));
    const metrics = await ask(guarded, '/metrics', bearer(VIEWER));
    expect([JSON.parse(told.body), metrics.body]).toEqual([
      expect.objectContaining({ pauses }),
      expect.stringMatching(
        /stage_paused\{collection="demo",stage="discover"\} 0\n.*stage="fetch"\} 1\n.*stage="filter"\} 1\n/,
      ),
    ]);
    expect(await send('/c/demo/api/unpause', { ...order, everyCollection: true })).toEqual([
      200,
      { ended: [], pauses },
    ]);
    expect(await send('/c/demo/api/unpause', order)).toEqual([
      200,
      { ended: expect.arrayContaining(['fetch', 'filter']), pauses: [] },
    ]);
    expect(await send('/c/demo/api/unpause', order)).toEqual([200, { ended: [], pauses: [] }]);
  });

  it('lets an operator, and nobody else, give what failed another try', async () => {
    const { db } = dashboard.app;
    const { waiting } = await store(db, [candidate('slow host', { wnid })]);
    await settlePicture(db, waiting[0] ?? 0, { state: 'failed', reason: 'timeout-total', detail: 'too slow' });
    const retry = (asked: Asked) => ask(guarded, '/api/retry/timeout-total', { ...asked, method: 'POST' });
    expect([(await retry({})).status, (await retry(bearer(VIEWER))).status]).toEqual([401, 403]);
    const { status, body } = await retry(bearer(OPERATOR));
    expect([status, JSON.parse(body)]).toEqual([200, { pictures: 1, decisions: 0, refetched: 0 }]);
  });

  it('gives a session for a token, which scripts cannot read, and ends it', async () => {
    const origin = new URL(guarded).origin;
    const headers = { ...FORM, origin };
    const logIn = await ask(guarded, '/login', { method: 'POST', headers, body: `token=${VIEWER}` });
    const [cookie = ''] = logIn.headers['set-cookie'] ?? [];
    expect([logIn.status, logIn.headers.location, cookie]).toEqual([
      303,
      '/',
      expect.stringMatching(
        /^winnow_session_[\da-f]{8}=viewer\.\.\d+\.[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=43200$/,
      ),
    ]);
    const [session = ''] = cookie.split(';');
    expect((await ask(guarded, '/', { headers: { cookie: session } })).status).toBe(200);
    const logOut = await ask(guarded, '/logout', { method: 'POST', headers: { origin } });
    expect(logOut.headers['set-cookie']).toEqual([expect.stringContaining('Max-Age=0')]);
  });

  it('shows who mistypes a token the form again, and tells a program in JSON', async () => {
    const headers = { ...FORM, accept: 'text/html,*/*' };
    const page = await ask(guarded, '/login', { method: 'POST', headers, body: 'token=mistyped' });
    expect([page.status, page.headers['content-type']]).toEqual([401, 'text/html; charset=utf-8']);
    expect(page.body).toMatch(/role="alert"[^>]*>That is no token of this server<.*type="password"/s);
    const told = await ask(guarded, '/login', { method: 'POST', headers: FORM, body: 'token=mistyped' });
    expect([told.status, JSON.parse(told.body)]).toEqual([401, { error: 'That is no token of this server' }]);
  });

  it('shows a person who opens a page where to log in', async () => {
    const { status, headers } = await ask(guarded, '/', { headers: { accept: 'text/html' } });
    expect([status, headers.location]).toEqual([303, '/login']);
    expect((await ask(guarded, '/login')).body).toContain('type="password"');
  });

  it('takes a person to the page that was asked for, after a mistyped token too, and to no other site', async () => {
    const asked = '/c/demo/photos?state=kept&text=a%20b';
    const html = { headers: { accept: 'text/html' } };
    const { location = '' } = (await ask(guarded, asked, html)).headers;
    expect(location).toBe(`/login?to=${encodeURIComponent(asked)}`);
    const field = `<input type="hidden" name="to" value="${asked.replace('&', '&amp;')}"/>`;
    expect((await ask(guarded, location)).body).toContain(field);
    const logIn = (token: string, to: string) =>
      ask(guarded, '/login', {
        method: 'POST',
        headers: { ...FORM, ...html.headers },
        body: new URLSearchParams({ token, to }).toString(),
      });
    expect((await logIn('mistyped', asked)).body).toContain(field);
    expect((await logIn(VIEWER, asked)).headers.location).toBe(asked);
    expect((await logIn(VIEWER, '//evil.example/')).headers.location).toBe('/');
  });
});

describe('a dashboard for other machines', () => {
  it('needs a token', async () => {
    await expect(dashboard.serve(NO_TOKENS, { host: '0.0.0.0' })).rejects.toMatchObject({ code: 'server-token' });
  });

  it('says so if it cannot listen where it should', async () => {
    const served = dashboard.serve({ operator: OPERATOR, reviewer: null, viewer: null }, { host: '203.0.113.7' });
    await expect(served).rejects.toMatchObject({ code: 'server-address' });
  });
});
