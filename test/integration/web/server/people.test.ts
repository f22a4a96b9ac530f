import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TokenHolder } from '../../../../src/web/server/access/access.ts';
import type { Route } from '../../../../src/web/server/route.ts';
import { sessionKeyOf } from '../../../../src/core/runtime/open/session-key.repository.ts';
import { startWebServer } from '../../../../src/web/server/web-server.ts';
import { ask, bearer, FORM, JSON_BODY, NO_TOKENS, useDashboard, type Answered, type Asked } from './support.ts';

const dashboard = useDashboard();
const ALICE = 'alice-alice-alice-alice';
const REVIEWER = 'reviewer-reviewer-reviewer';
const VIEWER = 'viewer-viewer-viewer-viewer';
const TOKENS = {
  operator: null,
  reviewer: REVIEWER,
  viewer: VIEWER,
  people: { alice: { role: 'reviewer', token: ALICE } },
} as const;

let guarded = '';
beforeAll(async () => {
  guarded = await dashboard.serve(TOKENS);
});

async function sessionOf(server: string, token: string): Promise<string> {
  const { headers } = await ask(server, '/login', { method: 'POST', headers: FORM, body: `token=${token}` });
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

async function statusOf(server: string, cookie: string): Promise<number> {
  return (await ask(server, '/c/demo/api/overview', { headers: { cookie } })).status;
}

function choose(server: string, name: unknown, headers: Record<string, string> = {}): Promise<Answered> {
  const body = JSON.stringify({ name });
  return ask(server, '/c/demo/api/review/reviewer', { method: 'POST', headers: { ...JSON_BODY, ...headers }, body });
}

const withCookie = ({ headers = {} }: Asked): Asked => ({ headers: { ...headers, cookie: 'winnow_reviewer=Ym9i' } });

describe('a session', () => {
  it('of a person holds on every server of the catalogue, also on one that starts later', async () => {
    const session = await sessionOf(guarded, ALICE);
    expect(session).toMatch(/^winnow_session_[\da-f]{8}=reviewer\.YWxpY2U\.\d+\.[\w-]{43}$/);
    expect(await statusOf(guarded, session)).toBe(200);
    expect(await statusOf(await dashboard.serve(TOKENS), session)).toBe(200);
  });

  it('ends on a server whose settings give the person another token, and no other session ends', async () => {
    const [session, viewer] = [await sessionOf(guarded, ALICE), await sessionOf(guarded, VIEWER)];
    const people = { alice: { role: 'reviewer', token: 'another-another-another' } } as const;
    const later = await dashboard.serve({ ...TOKENS, people });
    expect([await statusOf(later, session), await statusOf(later, viewer)]).toEqual([401, 200]);
    const without = await dashboard.serve({ ...TOKENS, people: {} });
    expect([await statusOf(without, session), await statusOf(without, viewer)]).toEqual([401, 200]);
  });

  it('ends on servers that start after the key was deleted', async () => {
    const session = await sessionOf(guarded, ALICE);
    await sql`delete from session_key`.execute(dashboard.app.db);
    expect(await statusOf(await dashboard.serve(TOKENS), session)).toBe(401);
  });
});

describe('the key of sessions', () => {
  it('is the same for servers that start at the same time', async () => {
    const { db } = dashboard.app;
    await sql`delete from session_key`.execute(db);
    const keys = await Promise.all(Array.from({ length: 8 }, () => sessionKeyOf(db)));
    expect([keys[0]?.length, new Set(keys.map((key) => key.toString('hex'))).size]).toEqual([32, 1]);
  });
});

describe('the name of a reviewer', () => {
  it('is kept in a cookie that scripts cannot read', async () => {
    const { status, body, headers } = await choose(await dashboard.serve(NO_TOKENS), '  José O’Neill ');
    expect([status, JSON.parse(body), headers['set-cookie']]).toEqual([
      200,
      { reviewer: 'José O’Neill' },
      [expect.stringMatching(/^winnow_reviewer=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=31536000$/)],
    ]);
  });

  it.each(['', ' ', '-a', 'a\nb', 'a;b', 'x'.repeat(61), '\u{202e}bob', 7, null])('cannot be %j', async (name) => {
    const { status, body } = await choose(await dashboard.serve(NO_TOKENS), name);
    expect([status, JSON.parse(body)]).toEqual([
      400,
      { error: expect.stringMatching(/^Expected JSON with a name \(1 to 60 letters, .*\) but received /) },
    ]);
  });

  it('is fixed for a person with a token, and nobody else can take it', async () => {
    const own = await choose(guarded, 'bob', bearer(ALICE).headers);
    expect([own.status, own.body]).toEqual([409, expect.stringContaining("Your token belongs to 'alice'")]);
    const other = await choose(guarded, 'ALICE', bearer(REVIEWER).headers);
    expect([other.status, other.body]).toEqual([409, expect.stringContaining('belongs to a person with a token')]);
    expect((await choose(guarded, 'bob', bearer(REVIEWER).headers)).status).toBe(200);
  });

  it.each([
    { from: 'from the token of a person', who: bearer(ALICE), reviewer: 'alice', hasNamedToken: true },
    { from: 'from the cookie', who: withCookie(bearer(REVIEWER)), reviewer: 'bob', hasNamedToken: false },
    { from: 'unknown with the token of a role', who: bearer(REVIEWER), reviewer: null, hasNamedToken: false },
    {
      from: 'unknown for a request without a token',
      who: withCookie({}),
      reviewer: null,
      hasNamedToken: false,
      role: null,
    },
  ])('is $from', async ({ who, reviewer, hasNamedToken, role = 'viewer' as const }) => {
    const tokens = [
      { role: 'reviewer', name: 'alice', token: ALICE },
      { role: 'reviewer', name: null, token: REVIEWER },
    ] as const;
    expect(await asked(tokens, who, role)).toMatchObject({ reviewer, hasNamedToken });
  });

  it("is the server's own without tokens, unless the browser keeps one", async () => {
    expect(await asked([], {})).toMatchObject({ reviewer: 'ann', role: 'operator' });
    expect(await asked([], withCookie({}))).toMatchObject({ reviewer: 'bob', role: 'operator' });
  });
});

/** The exchange that a handler receives for a client. */
async function asked(tokens: readonly TokenHolder[], who: Asked, role: Route['role'] = 'viewer'): Promise<unknown> {
  const routes: Route[] = [
    { method: 'GET', path: '/me', role, handle: async (exchange) => ({ ...exchange, request: 0, reply: 0 }) },
  ];
  const where = { host: '127.0.0.1', port: 0, allowedHosts: [], reviewer: 'ann' };
  const access = { tokens, sessionKey: Buffer.alloc(32) };
  const { log } = dashboard.app;
  const server = await startWebServer({ ...where, ...access, log, routes, nowMs: () => Date.now() });
  const { body } = await ask(server.url, '/me', who);
  await server.close();
  return JSON.parse(body);
}
