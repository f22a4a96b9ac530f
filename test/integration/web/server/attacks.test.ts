import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import { sessionFor, type TokenHolder, sessionCookie } from '../../../../src/web/server/access/access.ts';
import { sessionKeyOf } from '../../../../src/core/runtime/open/session-key.repository.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { repositoryRoot } from '../../../support/winnow.ts';
import { candidate, fetched, photo, store, stored } from '../../../support/catalogue-fixtures.ts';
import { ask, bearer, FORM, JSON_BODY, NO_TOKENS, useDashboard, type Answered, type Asked } from './support.ts';

const dashboard = useDashboard(async () => ({ WINNOW_SERVER_STATEMENT_TIMEOUT_MS: '2500' }));
const TOKENS = {
  operator: 'operator-operator-operator',
  reviewer: 'reviewer-reviewer-reviewer',
  viewer: 'viewer-viewer-viewer-viewer',
  people: { alice: { role: 'reviewer', token: 'alice-alice-alice-alice' } },
} as const;
const OPERATOR: TokenHolder = { role: 'operator', name: null, token: TOKENS.operator };
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>';
const OTHER_SVG = `${SVG}\n`;
const asSvg = sha256Of(OTHER_SVG);
const asJpeg = sha256Of(SVG);
const exchanged = sha256Of('a photo that was exchanged');
const pruned = sha256Of('a photo without bytes');
const PAUSE = {
  method: 'POST',
  headers: JSON_BODY,
  body: '{"stages":["fetch"],"everyCollection":true,"endWorkers":true}',
};
const RETRY = { method: 'POST' };
const FOREIGN_FORM = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
const FOREIGN_PICTURE = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };

/** The key of the catalogue, which no client knows. */
let sessionKey: Buffer;

/** Without tokens: who sits at the machine may do everything. With tokens: each role has one. The same behind a proxy. */
const servers = { open: '', guarded: '', proxied: '' };

beforeAll(async () => {
  const { db, blobs } = dashboard.app;
  for (const [name, format, bytes] of [
    [OTHER_SVG, 'svg', OTHER_SVG],
    [SVG, 'jpeg', SVG],
    ['a photo that was exchanged', 'jpeg', SVG],
  ] as const) {
    const { waiting } = await store(db, [candidate(sha256Of(name), { wnid: 'n01440764' })]);
    await stored(db, waiting[0] ?? 0, photo(name));
    // No fetched photo can have this format.
    await sql`update photo set format = ${format} where sha256 = ${Buffer.from(sha256Of(name), 'hex')}`.execute(db);
    await blobs.put(sha256Of(name), Buffer.from(bytes));
  }
  const url = 'file:///home/ann/my%20photos/cat.jpg';
  const detail = "EACCES: permission denied, open '/home/ann/my photos/cat.jpg'";
  const unreadable = { state: 'failed', reason: 'unreadable', detail } as const;
  await store(db, [candidate('cat.jpg', { wnid: 'n01440764', url, problem: unreadable })]);
  await fetched(db, [candidate('pruned', { wnid: 'n01440764' })], 'a photo without bytes');
  servers.open = await dashboard.serve(NO_TOKENS);
  servers.guarded = await dashboard.serve(TOKENS);
  servers.proxied = await dashboard.serve(TOKENS, { trustProxy: ['127.0.0.1'] });
  sessionKey = await sessionKeyOf(db);
});

interface Attack extends Asked {
  /** The attack, as docs/security-limits.md describes it. */
  readonly what: string;
  readonly server: keyof typeof servers;
  readonly target: string;
  readonly status: number;
  readonly session?: () => string;
  /** Headers that the answer depends on, where it is not an error. `body`: the answer itself. */
  readonly tells?: readonly string[];
  /** Runs before the request and returns the clean-up. */
  readonly before?: () => Promise<() => void>;
}

type Line = readonly [what: string, target: string, status: number, asked?: Asked];
const open = (...[what, target, status, asked]: Line): Attack => ({ ...asked, what, server: 'open', target, status });
const guarded = (...line: Line): Attack => ({ ...open(...line), server: 'guarded' });
const as = (role: 'viewer' | 'reviewer' | 'operator', asked: Asked = {}): Asked => ({
  ...asked,
  headers: { ...asked.headers, ...bearer(TOKENS[role]).headers },
});

/** Behind the proxy, from an address of its own. */
const proxied = (address: string, ...[what, target, status, asked = {}]: Line): Attack => ({
  ...open(what, target, status, { ...asked, headers: { 'x-forwarded-for': address, ...asked.headers } }),
  server: 'proxied',
});
const OVERVIEW = '/c/demo/api/overview';
const TEN = Array.from({ length: 10 }, (_, i) => i);

/** Ten guesses of a token from one address, with forged ones before it. */
const tenGuesses = (address: string) => async (): Promise<() => void> => {
  for (const i of TEN)
    await ask(servers.proxied, OVERVIEW, {
      headers: { 'x-forwarded-for': `198.51.100.${i}, ${address}`, ...bearer(`guess-guess-guess-${i}`).headers },
    });
  return () => {};
};

async function twentyPages(): Promise<() => void> {
  const { token } = TOKENS.people.alice;
  const ended = new AbortController();
  const page = (): Promise<unknown> =>
    fetch(`${servers.proxied}/c/demo/api/live`, { signal: ended.signal, ...bearer(token) });
  await Promise.all([...TEN, ...TEN].map(page));
  return () => ended.abort();
}

async function heldTable(): Promise<() => void> {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let isLocked = (): void => {};
  const locked = new Promise<void>((resolve) => (isLocked = resolve));
  void dashboard.app.db.transaction().execute(async (trx) => {
    await sql`lock table picture in access exclusive mode`.execute(trx);
    isLocked();
    await held;
  });
  await locked;
  return release;
}

const withSession = (what: string, session: () => string): Attack => ({
  ...guarded(what, '/c/demo/api/overview', 401),
  session,
});
function claimedBy(holder: 'viewer', claimed: 'operator' | 'alice'): string {
  const own = sessionFor({ role: holder, name: null, token: TOKENS[holder] }, sessionKey, Date.now());
  const name = claimed === 'alice' ? Buffer.from(claimed).toString('base64url') : '';
  return own.replace(/^viewer\./, claimed === 'alice' ? `reviewer.${name}` : 'operator.');
}

const ATTACKS: readonly Attack[] = [
  open('another host name (DNS rebinding)', '/c/demo/api/overview', 403, { headers: { host: 'evil.example' } }),
  open('a page of another origin reads', '/c/demo/api/overview', 403, { headers: { origin: 'https://evil.example' } }),
  open('a page of another origin pauses', '/c/demo/api/pause', 403, {
    ...PAUSE,
    headers: { ...JSON_BODY, origin: 'https://evil.example' },
  }),
  open('a neighbour on another port', '/c/demo/api/unpause', 403, {
    method: 'POST',
    headers: { origin: 'http://localhost:1' },
  }),
  open('a form elsewhere that hides its origin', '/logout', 403, {
    method: 'POST',
    headers: { ...FORM, origin: 'null' },
  }),
  open('a form elsewhere, by fetch metadata alone', '/api/retry/dns', 403, { method: 'POST', headers: FOREIGN_FORM }),
  open('a photo as a picture in a page elsewhere', `/photos/${asJpeg}`, 403, { headers: FOREIGN_PICTURE }),
  open('the queues in a frame elsewhere', '/queues/jobs/', 403, {
    // As Chromium and Firefox send them.
    headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
  }),
  { ...open('the funnel page in a frame', '/', 200), tells: ['x-frame-options', 'content-security-policy'] },
  { ...open('the queues in a frame', '/queues/jobs/', 200), tells: ['x-frame-options', 'content-security-policy'] },
  guarded('no token', '/c/demo/api/overview', 401),
  guarded('no token, for a photo', `/photos/${asJpeg}`, 401),
  guarded('no token, for the queues', '/queues/jobs/api/queues', 401),
  guarded('no token, to pause', '/c/demo/api/pause', 401, PAUSE),
  guarded('a wrong token', '/c/demo/api/overview', 401, bearer('wrong-wrong-wrong-wrong')),
  guarded('a forged session', '/c/demo/api/overview', 401, {
    headers: { cookie: 'winnow_session=operator.9999999999999.AAAA' },
  }),
  withSession('a session signed with a guessed key', () => sessionFor(OPERATOR, randomBytes(32), Date.now())),
  withSession("a viewer's session that claims another role", () => claimedBy('viewer', 'operator')),
  withSession("a viewer's session that claims to be a person", () => claimedBy('viewer', 'alice')),
  withSession('a session of a token that was changed since', () =>
    sessionFor({ ...OPERATOR, token: 'old-old-old-old-old' }, sessionKey, Date.now()),
  ),
  withSession('a session of a person who was removed since', () =>
    sessionFor({ ...OPERATOR, name: 'bob', token: 'bob-bob-bob-bob-bob' }, sessionKey, Date.now()),
  ),
  withSession('a session that is over', () => sessionFor(OPERATOR, sessionKey, Date.now() - 13 * 3_600_000)),
  withSession('a session that was ended, or that the catalogue does not list', () =>
    sessionFor(OPERATOR, sessionKey, Date.now()),
  ),
  guarded('a viewer reads the activity log', '/activity', 403, as('viewer')),
  guarded('a reviewer reads the activity log', '/activity', 403, as('reviewer')),
  guarded('a viewer ends the session of another user', `/activity/sessions/${asJpeg}/end`, 403, as('viewer', RETRY)),
  guarded('a form elsewhere ends the session of an operator', `/activity/sessions/${asJpeg}/end`, 403, {
    ...as('operator', RETRY),
    headers: { ...bearer(TOKENS.operator).headers, ...FOREIGN_FORM },
  }),
  guarded('SQL in the filter of the activity log', '/activity?before=1%20or%201=1', 400, as('operator')),
  guarded('a viewer pauses', '/c/demo/api/pause', 403, as('viewer', PAUSE)),
  guarded('a reviewer pauses', '/c/demo/api/pause', 403, as('reviewer', PAUSE)),
  guarded('a viewer ends a pause', '/c/demo/api/unpause', 403, as('viewer', PAUSE)),
  guarded('a viewer has what failed tried again', '/api/retry/dns', 403, as('viewer', RETRY)),
  guarded('an operator changes a queue behind the catalogue’s back', '/queues/jobs/api/queues/fetch/empty', 404, {
    ...as('operator'),
    method: 'PUT',
  }),
  guarded('a person reviews under another name', '/c/demo/api/review/reviewer', 409, {
    method: 'POST',
    headers: { ...JSON_BODY, ...bearer(TOKENS.people.alice.token).headers },
    body: '{"name":"bob"}',
  }),
  guarded('a reviewer takes the name of a person with a token', '/c/demo/api/review/reviewer', 409, {
    ...as('reviewer', { method: 'POST', headers: JSON_BODY, body: '{"name":"Alice"}' }),
  }),
  guarded('a viewer chooses a name to review under', '/c/demo/api/review/reviewer', 403, {
    ...as('viewer', { method: 'POST', headers: JSON_BODY, body: '{"name":"bob"}' }),
  }),
  open('a name that would add a cookie', '/c/demo/api/review/reviewer', 400, {
    method: 'POST',
    headers: JSON_BODY,
    body: String.raw`{"name":"bob\r\nSet-Cookie: a=b"}`,
  }),
  open('an order that is none', '/c/demo/api/pause', 400, { ...PAUSE, body: '{"stages":["fetch; drop table pause"]}' }),
  open('a path out of the photos, encoded', '/photos/..%2f..%2f..%2fetc%2fpasswd', 404),
  open('a path out of the photos, plain', '/photos/../../../etc/passwd', 404),
  open('a photo whose bytes are gone, to learn where they were', `/photos/${pruned}`, 404),
  open('a photo whose bytes were exchanged where they are stored', `/photos/${exchanged}`, 500),
  open('a path out of the assets', '/assets/..%2f..%2fpackage.json', 404),
  open('a path out of the files of the queues', '/queues/jobs/static/..%2f..%2fpackage.json', 404),
  open('a name of a property of all objects', '/assets/__proto__', 404),
  open('SQL in a reason', '/c/demo/api/failed-hosts/%27%20or%201=1%20--', 404),
  open('a path that cannot be decoded', '/%', 400),
  open('a method that is not served', '/c/demo/api/overview', 404, { method: 'DELETE' }),
  open('a body of 70 kB to log in', '/login', 413, {
    method: 'POST',
    headers: FORM,
    body: `token=${'x'.repeat(70_000)}`,
  }),
  open('a body of 70 kB as an order', '/c/demo/api/pause', 413, { ...PAUSE, body: JSON.stringify('x'.repeat(70_000)) }),
  open('a body that is no form', '/login', 415, {
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body: '<a/>',
  }),
  open('JSON that sets prototypes', '/login', 400, {
    method: 'POST',
    headers: JSON_BODY,
    body: '{"__proto__":{"token":1}}',
  }),
  open('line breaks in a path, to add a header', '/c/demo/api/failed-hosts/x%0d%0aSet-Cookie:%20a=b', 404),
  open('JSON that is nested 30,000 deep', '/c/demo/api/pause', 400, {
    ...PAUSE,
    body: `{"stages":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
  }),
  {
    ...proxied('203.0.113.1', 'an eleventh guess of a token', OVERVIEW, 429, bearer('guess-guess-guess-11')),
    before: tenGuesses('203.0.113.1'),
  },
  {
    ...proxied(
      '203.0.113.2',
      'the right token after ten guesses, to learn that it is right',
      OVERVIEW,
      429,
      as('operator'),
    ),
    before: tenGuesses('203.0.113.2'),
  },
  {
    ...proxied(
      '198.51.100.77, 203.0.113.3',
      'an eleventh guess with a forged X-Forwarded-For',
      OVERVIEW,
      429,
      bearer('guess-guess-guess-11'),
    ),
    before: tenGuesses('203.0.113.3'),
  },
  proxied(
    '203.0.113.4',
    'a page over plain http, where the proxy has TLS, pauses',
    '/c/demo/api/pause',
    403,
    as('operator', {
      ...PAUSE,
      headers: { ...JSON_BODY, 'x-forwarded-proto': 'https', origin: 'http://127.0.0.1' },
    }),
  ),
  proxied('203.0.113.4', 'another host name that hides in X-Forwarded-Host', OVERVIEW, 403, {
    headers: { host: 'evil.example', 'x-forwarded-host': 'winnow.lab.example' },
  }),
  {
    ...proxied(
      '203.0.113.5',
      'a twenty-first live page of one person',
      '/c/demo/api/live',
      429,
      bearer(TOKENS.people.alice.token),
    ),
    before: twentyPages,
  },
  {
    ...guarded('a viewer asks for what takes long', '/c/demo/api/failed-hosts/dns', 503, as('viewer')),
    before: heldTable,
  },
  {
    ...guarded(
      'a viewer looks for the folders of failed files',
      '/c/demo/api/failed-hosts/unreadable',
      200,
      as('viewer'),
    ),
    tells: ['body'],
  },
  open('another try for what a rule refused', '/api/retry/licence-not-allowed', 404, RETRY),
  open('an SVG among the photos', `/photos/${asSvg}`, 404),
  {
    ...open('an SVG that is called a JPEG', `/photos/${asJpeg}`, 200),
    tells: ['content-type', 'x-content-type-options', 'content-security-policy'],
  },
];

async function answerTo({ server, target, session, before, ...asked }: Attack): Promise<Answered> {
  const cookie = session === undefined ? {} : { cookie: sessionCookie(session(), { sessionKey }).split(';')[0] ?? '' };
  const after = await before?.();
  try {
    return await ask(servers[server], target, { ...asked, headers: { ...asked.headers, ...cookie } });
  } finally {
    after?.();
  }
}

function toldIn({ tells }: Attack, { body, headers }: Answered): string {
  if (tells !== undefined)
    return tells.map((name) => (name === 'body' ? body : `${name}: ${String(headers[name])}`)).join('; ');
  const said = JSON.parse(body) as { error?: unknown };
  return String(said.error)
    .replaceAll(/[\da-f]{64}/g, 'SHA256')
    .replace(/in \d+ s$/, 'in N s');
}

/** A line of the table in docs/security-limits.md. */
interface TableLine {
  readonly what: string;
  readonly request: string;
  /** The status, and the words or headers of the answer. */
  readonly answer: string;
}

function lineOf(attack: Attack, answer: Answered): TableLine {
  const { what, method = 'GET', target } = attack;
  const request = `${method} ${target.replaceAll(/[\da-f]{64}/g, 'SHA256')}`;
  const told = toldIn(attack, answer).replace(request, 'REQUEST');
  return { what, request, answer: `${answer.status}: ${told}` };
}

/** An answer that equals the one above is not repeated. */
const rowOf = ({ what, request, answer }: TableLine, i: number, lines: readonly TableLine[]): string =>
  `| ${what} | \`${request}\` | ${lines[i - 1]?.answer === answer ? '"' : answer} |`;

describe('an attack', () => {
  it.each(ATTACKS)('$what gets $status and no more', async (attack) => {
    const answer = await answerTo(attack);
    expect(answer.status).toBe(attack.status);
    expect(attack.tells !== undefined || /^\{"error":".+"\}$/.test(answer.body)).toBe(true);
    expect(answer.body).not.toContain('/home/');
    expect(answer.body).not.toMatch(/node_modules|\/src\/|\/blobs\/|at \w+ \(|"version"/);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  it('gets what docs/security-limits.md says', async () => {
    const lines: TableLine[] = [];
    for (const attack of ATTACKS) lines.push(lineOf(attack, await answerTo(attack)));
    const page = await readFile(path.join(repositoryRoot, 'docs/security-limits.md'), 'utf8');
    const table = /^\| attack .*\n\| ---.*\n((?:\|.*\n)+)/m.exec(page)?.[1] ?? '';
    expect(table.trimEnd().split('\n')).toEqual(lines.map(rowOf));
  });

  it('leaves everything unpaused', async () => {
    const { body } = await ask(servers.open, '/c/demo/api/overview');
    expect(JSON.parse(body)).toMatchObject({ pauses: [] });
  });

  it('with a line break in a header is no HTTP, and the server goes on', async () => {
    const { hostname, port } = new URL(servers.open);
    const socket = connect(Number(port), hostname);
    socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: b\rSet-Cookie: c=d\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask(servers.open, '/health')).status).toBe(200);
  });

  it('that guesses tokens is stopped after ten in a minute', async () => {
    const server = await dashboard.serve(TOKENS);
    const statuses: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      const guess = await ask(server, '/login', { method: 'POST', headers: FORM, body: `token=guess-${i}` });
      statuses.push(guess.status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
  });
});
