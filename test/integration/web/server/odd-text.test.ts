import { beforeAll, describe, expect, it } from 'vitest';
import { listEvents } from '../../../../src/core/review/events/review.repository.ts';
import { ROUTES } from '../../../../src/web/server/routes.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { collect } from '../../../support/collect.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { candidate, decideAs, fetched, kept } from '../../../support/catalogue-fixtures.ts';
import { ask, bearer, FORM, JSON_BODY, useDashboard, type Answered } from './support.ts';

const dashboard = useDashboard();
const BOB = 'bob-bob-bob-bob-bob-bob';
const OPERATOR = 'operator-operator-operator';
const TENCH = 'n01440764';
const PHOTO = { sha256: sha256Of('a'), wnid: TENCH };
const ACTIONS = '/c/demo/api/review/actions';
const NUL = String.raw`\u0000`;
const HALF = String.raw`\ud83d`;

let server = '';
beforeAll(async () => {
  const { app, workspace } = dashboard;
  const id = await fetched(app.db, [candidate('a', { wnid: TENCH })], 'a');
  await decideAs(app.db, workspace.scope, [kept(id, TENCH, { maxTrueProb: 0.01 })]);
  const policy = { cap: 15, nearDuplicateDistance: 0, nearDuplicateCosine: null };
  await buildShortlist(app.db, workspace.scope, { policy, backboneId: null });
  const people = { bob: { role: 'reviewer', token: BOB } } as const;
  server = await dashboard.serve({ operator: OPERATOR, reviewer: null, viewer: null, people });
});

function post(target: string, body: string, token = BOB): Promise<Answered> {
  return ask(server, target, { method: 'POST', headers: { ...JSON_BODY, ...bearer(token).headers }, body });
}

function get(target: string): Promise<Answered> {
  return ask(server, target, bearer(OPERATOR));
}

/** The JSON of a request with one action, in which `TEXT` is replaced as it is written. */
function actionBody(change: object, text = ''): string {
  const action = { kind: 'note', sequence: 1, subjects: [PHOTO], value: { note: 'good' }, at: now(), ...change };
  return JSON.stringify({ client: 'tab', actions: [action] }).replace('TEXT', text);
}
const now = (): string => new Date().toISOString();
const verdict = (value: object) => ({ kind: 'verdict', value: { verdict: 'accept', reason: null, ...value } });

const BODIES: readonly (readonly [what: string, target: string, bodyOf: (text: string) => string])[] = [
  ['a note', ACTIONS, (text) => actionBody({ value: { note: 'aTEXT' } }, text)],
  ['a tag', ACTIONS, (text) => actionBody({ kind: 'tag', value: { tags: ['aTEXT'] } }, text)],
  ['a class', ACTIONS, (text) => actionBody({ subjects: [{ ...PHOTO, wnid: 'n0TEXT' }] }, text)],
  ['the name of a tab', ACTIONS, (text) => actionBody({}).replace('"tab"', `"tab${text}"`)],
  ['the name of a reviewer', ACTIONS, (text) => actionBody({}).replace('{"client"', `{"reviewer":"a${text}","client"`)],
  ['criteria', '/c/demo/api/review/criteria', (text) => `{"text":"a${text}"}`],
  ['a chosen name', '/c/demo/api/review/reviewer', (text) => `{"name":"a${text}"}`],
  ['a row', '/c/demo/api/review/rows', (text) => `{"subjects":[{"sha256":"${PHOTO.sha256}","wnid":"n${text}"}]}`],
  [
    'a filter',
    '/c/demo/api/review/lease',
    (text) => `{"client":"t","order":"lowest","filter":{"wnid":"n${text}"},"count":1,"held":[]}`,
  ],
];

describe('text that PostgreSQL cannot store', () => {
  it.each(BODIES)('is refused in the body of a request: %s', async (_, target, bodyOf) => {
    for (const text of [NUL, HALF, String.raw`\ude00`]) {
      const answer = await post(target, bodyOf(text));
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('"error":"Expected ')]);
    }
  });

  it('is refused in paths and queries of all routes', async () => {
    const paths = ROUTES.filter(({ method, role }) => method === 'GET' && role !== null).map(({ path }) => path);
    const targets = paths.flatMap((path) => {
      const ofDemo = path.replace(':collection', 'demo');
      const withNul = ofDemo.replaceAll(/:\w+|\*/g, '%00');
      return [`${ofDemo.replaceAll(/:\w+|\*/g, 'none')}?tag=%00`, ...(withNul === ofDemo ? [] : [withNul])];
    });
    for (const target of [...targets, '/c/a%00/api/overview']) expect((await get(target)).status, target).toBe(400);
  });

  it('is refused in the form to log in', async () => {
    const form = { method: 'POST', headers: FORM, body: 'token=%00' };
    expect((await ask(server, '/login', form)).status).toBe(400);
  });
});

describe('the time of an action', () => {
  it.each([
    '1999-12-31T23:59:59Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '2026-02-30T12:00:00Z',
    '2026-01-01T12:00:00+24:00',
    '2026-01-01T24:00:00Z',
    '2026-01-01',
    '',
  ])('is refused if it is %j', async (at) => {
    expect((await post(ACTIONS, actionBody({ at }))).status).toBe(400);
  });

  it('may be a day ahead, and no more', async () => {
    const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
    expect((await post(ACTIONS, actionBody({ sequence: 100, at: inHours(25) }))).status).toBe(400);
    expect((await post(ACTIONS, actionBody({ sequence: 101, at: inHours(23) }))).status).toBe(200);
    expect((await post(ACTIONS, actionBody({ sequence: 102, at: '2000-01-01T01:00:00.123456789+01:00' }))).status).toBe(
      200,
    );
  });
});

describe('an action', () => {
  it('with the number of another one of the same tab gets 409, and those after it are stored', async () => {
    const accept = verdict({ shownBy: 'lowest' });
    const reject = verdict({ shownBy: 'lowest', verdict: 'reject' });
    expect((await post(ACTIONS, actionBody({ ...accept, sequence: 200 }))).status).toBe(200);
    const again = await post(ACTIONS, actionBody({ ...accept, sequence: 200 }));
    expect([again.status, JSON.parse(again.body).results]).toEqual([200, [{ sequence: 200, stored: 1, skipped: 0 }]]);
    const other = await post(ACTIONS, actionBody({ ...reject, sequence: 200 }));
    expect([other.status, JSON.parse(other.body).code]).toEqual([409, 'sequence-taken']);
    expect((await post(ACTIONS, actionBody({ ...reject, sequence: 201 }))).status).toBe(200);
  });

  it('of a page that belongs to another person than the one who is logged in is refused, and nothing is stored or lent', async () => {
    const count = async (): Promise<number> =>
      (await collect(listEvents(dashboard.app.db, dashboard.workspace.scope.collectionId))).length;
    const before = await count();
    const claimed = actionBody({ sequence: 300 }).replace('{"client"', '{"reviewer":"ann","client"');
    const refused = await post(ACTIONS, claimed);
    expect([refused.status, refused.body]).toEqual([401, expect.stringContaining("'bob' is logged in by now")]);
    const lease = { reviewer: 'ann', client: 'tab', order: 'lowest', filter: {}, count: 1, held: [] };
    expect((await post('/c/demo/api/review/lease', JSON.stringify(lease))).status).toBe(401);
    expect(await count()).toBe(before);
    expect((await post(ACTIONS, claimed.replace('"ann"', '"bob"'))).status).toBe(200);
  });
});
