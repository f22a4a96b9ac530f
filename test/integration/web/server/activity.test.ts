import http from 'node:http';
import { describe, expect, it } from 'vitest';
import { listActivity, recorded } from '../../../../src/core/runtime/activity/activity.repository.ts';
import { Interrupted } from '../../../../src/core/kernel/errors.ts';
import { endSessions, openSessions } from '../../../../src/web/server/access/session.repository.ts';
import { FailedLogIns } from '../../../../src/web/server/access/failed-log-ins.ts';
import { ask, bearer, FORM, JSON_BODY, useDashboard } from './support.ts';

const dashboard = useDashboard();
const [OPERATOR, VIEWER, ALICE] = [
  'operator-operator-operator',
  'viewer-viewer-viewer-viewer',
  'alice-alice-alice-alice',
];
const TOKENS = {
  operator: OPERATOR,
  reviewer: null,
  viewer: VIEWER,
  people: { alice: { role: 'operator', token: ALICE } },
} as const;
const OVERVIEW = '/c/demo/api/overview';
const PLACE = '127.0.0.1';

async function logIn(server: string, token: string): Promise<string> {
  const { headers } = await ask(server, '/login', { method: 'POST', headers: FORM, body: `token=${token}` });
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

async function statusOf(server: string, cookie: string): Promise<number> {
  return (await ask(server, OVERVIEW, { headers: { cookie } })).status;
}

/** The lines of the log, oldest first, without times. */
async function lines(): Promise<unknown[]> {
  const all = await listActivity(dashboard.app.db, { limit: 1_000 });
  return all
    .toReversed()
    .map(({ who, place, action, collection, outcome, detail }) => [who, place, action, collection, outcome, detail]);
}

async function newLines(work: () => Promise<unknown>): Promise<unknown[]> {
  const before = (await lines()).length;
  await work();
  return (await lines()).slice(before);
}

describe('the activity log', () => {
  it('has what a person does with a token, from where, and what came of it', async () => {
    const server = await dashboard.serve(TOKENS);
    const order = { stages: ['fetch'], everyCollection: false };
    const send = (path: string, body: object): Promise<unknown> =>
      ask(server, path, {
        method: 'POST',
        headers: { ...JSON_BODY, ...bearer(ALICE).headers },
        body: JSON.stringify(body),
      });
    const found = await newLines(async () => {
      await send('/c/demo/api/pause', { ...order, endWorkers: true });
      await send('/c/demo/api/unpause', { ...order, everyCollection: true });
      await send('/c/demo/api/unpause', order);
      await ask(server, '/api/retry/dns', { method: 'POST', ...bearer(OPERATOR) });
    });
    const retried = { reasons: ['dns'], pictures: 0, decisions: 0, refetched: 0 };
    expect(found).toEqual([
      ['alice', PLACE, 'pause', 'demo', 'done', { stages: ['fetch'], endWorkers: true }],
      ['alice', PLACE, 'unpause', null, 'done', { stages: ['fetch'], ended: [] }],
      ['alice', PLACE, 'unpause', 'demo', 'done', { stages: ['fetch'], ended: ['fetch'] }],
      ['operator', PLACE, 'retry', null, 'done', retried],
    ]);
  });

  it('has work that failed, was interrupted, or whose process was killed', async () => {
    const { db } = dashboard.app;
    const doing = { who: 'ann@lab3', place: 'lab3, process 1', action: 'prune', collection: 'demo' } as const;
    const found = await newLines(async () => {
      const failing = recorded(db, doing, () => Promise.reject(new Error('disk full')));
      await expect(failing).rejects.toThrow('disk full');
      await expect(recorded(db, doing, () => Promise.reject(new Interrupted()))).rejects.toThrow(Interrupted);
      void recorded(db, doing, () => new Promise(() => {}));
      await expect.poll(async () => (await listActivity(db, { limit: 1 }))[0]?.outcome).toBeNull();
    });
    expect(found.map((line) => (line as unknown[]).slice(4))).toEqual([
      ['failed', { reason: 'disk full' }],
      ['interrupted', {}],
      [null, {}],
    ]);
  });

  it('has failed log-ins in a number of lines that does not grow with the tries', async () => {
    const found = await newLines(async () => {
      const failed = new FailedLogIns(dashboard.app);
      for (let i = 0; i < 2_000; i += 1) await failed.note(i < 1_000 ? '10.0.0.1' : `10.0.1.${i % 200}`, 'form');
      await failed.close();
    });
    // 20 addresses are named, and the first tries stand alone: 1 + 19 lines, 20 for their further tries, 1 for the others.
    expect(found).toHaveLength(41);
    const tries = found.map((line) => ((line as unknown[])[5] as { tries: number }).tries);
    expect(tries.reduce((sum, count) => sum + count, 0)).toBe(2_000);
    expect(found[0]).toEqual(['nobody', '10.0.0.1', 'log-in-failed', null, 'done', { tries: 1, shownBy: 'form' }]);
    expect(found.at(-1)).toEqual(['nobody', 'other addresses', 'log-in-failed', null, 'done', { tries: 905 }]);
  });

  it('has a wrong token in a form or a header, never the token', async () => {
    const server = await dashboard.serve(TOKENS);
    const found = await newLines(async () => {
      await logIn(server, 'wrong-wrong-wrong-wrong');
      await ask(await dashboard.serve(TOKENS), OVERVIEW, bearer('guess-guess-guess-guess'));
    });
    expect(found).toEqual([
      ['nobody', PLACE, 'log-in-failed', null, 'done', { tries: 1, shownBy: 'form' }],
      ['nobody', PLACE, 'log-in-failed', null, 'done', { tries: 1, shownBy: 'Authorization' }],
    ]);
  });
});

describe('a session', () => {
  it('is listed, and ends with its log-out on every server, also for a copy of the cookie', async () => {
    const [server, other] = [await dashboard.serve(TOKENS), await dashboard.serve(TOKENS)];
    const found = await newLines(async () => {
      const cookie = await logIn(server, ALICE);
      expect(await statusOf(other, cookie)).toBe(200);
      expect(await openSessions(dashboard.app.db)).toMatchObject([{ name: 'alice', role: 'operator', place: PLACE }]);
      await ask(server, '/logout', { method: 'POST', headers: { cookie } });
      expect(await openSessions(dashboard.app.db)).toEqual([]);
      await expect.poll(() => statusOf(server, cookie)).toBe(401);
      await expect.poll(() => statusOf(other, cookie)).toBe(401);
    });
    expect(found).toEqual([
      ['alice', PLACE, 'log-in', null, 'done', { role: 'operator' }],
      ['alice', PLACE, 'log-out', null, 'done', {}],
    ]);
  });

  it('that an operator ends is refused, its stream breaks off, and other sessions go on', async () => {
    const server = await dashboard.serve(TOKENS);
    const [viewer, alice] = [await logIn(server, VIEWER), await logIn(server, ALICE)];
    const broken = streamEnd(server, viewer);
    const kept = streamEnd(server, alice);
    const session = (await openSessions(dashboard.app.db)).find(({ role }) => role === 'viewer');
    const end = (headers: Record<string, string>): ReturnType<typeof ask> =>
      ask(server, `/activity/sessions/${session?.id}/end`, { method: 'POST', headers });
    expect((await end({ cookie: viewer })).status).toBe(403);
    expect((await end({ cookie: alice })).status).toBe(303);
    await broken;
    expect([await statusOf(server, viewer), await statusOf(server, alice)]).toEqual([401, 200]);
    const [line] = await listActivity(dashboard.app.db, { limit: 1 });
    expect(line).toMatchObject({ who: 'alice', action: 'sessions-ended', detail: { sessions: 1, of: 'viewer' } });
    await endSessions(
      dashboard.app.db,
      (await openSessions(dashboard.app.db)).map(({ id }) => id),
    );
    await kept;
  });
});

async function streamEnd(server: string, cookie: string): Promise<void> {
  return new Promise((resolve) => {
    const request = http.get(`${server}/c/demo/api/live`, { headers: { cookie }, agent: false }, (response) => {
      response.once('close', resolve);
      response.on('error', () => {});
      response.resume();
    });
    request.on('error', () => resolve());
  });
}

describe('the page of activities', () => {
  it('shows operators the lines that fit, and the older ones on further pages', async () => {
    const server = await dashboard.serve(TOKENS);
    const { db } = dashboard.app;
    for (let i = 0; i < 130; i += 1)
      await recorded(
        db,
        { who: 'zoe@lab', place: 'lab', action: 'export', collection: 'x', detail: { n: i } },
        async () => {},
      );
    const read = async (query: string): Promise<string> => (await ask(server, `/activity${query}`, bearer(ALICE))).body;
    const numbersIn = (page: string): string[] => [...page.matchAll(/n (\d+)</g)].map(([, n = '']) => n);
    const first = await read('?who=zoe%40lab&action=export&since=24h&collection=x');
    expect(numbersIn(first)).toEqual(Array.from({ length: 100 }, (_, i) => String(129 - i)));
    const older = /href="\/activity(\?[^"]+)" rel="next"/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? '';
    const second = await read(older);
    expect(numbersIn(second)).toEqual(Array.from({ length: 30 }, (_, i) => String(29 - i)));
    expect(second).not.toContain('rel="next"');
    expect(await read('?who=nobody-of-that-name')).toContain('Nothing is recorded that fits');
  });

  it.each(['since=yesterday', 'action=drop', 'before=1%20or%201', 'since=2026-02-30'])('refuses %s', async (query) => {
    const server = await dashboard.serve(TOKENS);
    const { status, body } = await ask(server, `/activity?${query}`, bearer(ALICE));
    expect([status, JSON.parse(body)]).toEqual([400, { error: expect.stringMatching(/^Expected .* but received /) }]);
  });

  it('escapes what strangers may have written', async () => {
    const server = await dashboard.serve(TOKENS);
    const detail = { reason: '<script>alert(1)</script>\u001b[2J' };
    await recorded(dashboard.app.db, { who: 'zoe@lab', place: 'lab', action: 'takedown', detail }, async () => {});
    const { body } = await ask(server, '/activity', bearer(OPERATOR));
    expect(body).toContain(String.raw`reason &lt;script>alert(1)&lt;/script>\u001b[2J`);
  });
});
