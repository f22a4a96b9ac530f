import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NewCandidate } from '../../../../src/core/crawl/candidates/candidate.ts';
import type { Subject } from '../../../../src/core/review/events/event.ts';
import { listActivity } from '../../../../src/core/runtime/activity/activity.repository.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import type { GalleryIndex, GalleryTile } from '../../../../src/web/status/gallery.ts';
import { candidate, decideAs, dropped, fetched, kept, store } from '../../../support/catalogue-fixtures.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { ask, bearer, FORM, JSON_BODY, NO_TOKENS, useDashboard, type Answered, type Asked } from './support.ts';
import { allAnswersTo, firstEvent } from './all-answers.ts';

/** Every photo is reviewed by two people. */
const dashboard = useDashboard(async () => ({ WINNOW_REVIEW_SECOND_PASS: '1' }));
const TOKENS = {
  operator: 'operator-operator-operator',
  reviewer: 'reviewer-reviewer-reviewer',
  viewer: 'viewer-viewer-viewer-viewer',
  people: {
    ann: { role: 'reviewer', token: 'ann-ann-ann-ann-ann-ann' },
    bob: { role: 'reviewer', token: 'bob-bob-bob-bob-bob-bob' },
    carl: { role: 'reviewer', token: 'carl-carl-carl-carl-carl' },
  },
} as const;
const [TENCH, GOLDFISH, SHARK] = ['n01440764', 'n01443537', 'n01484850'] as const;
const FREE = { licence: 'CC-BY-4.0', creator: 'Ana' };

/** Photos that differ in all that the crawl knows. Those of upper case are never on the shortlist; f, g and h are always listed. */
const PHOTOS: Readonly<Record<string, Partial<NewCandidate> & { readonly wnid: string }>> = {
  a: { wnid: TENCH },
  b: { wnid: TENCH, source: 'flickr', ...FREE },
  c: { wnid: GOLDFISH, source: 'flickr', ...FREE },
  d: { wnid: GOLDFISH },
  e: { wnid: SHARK, source: 'inaturalist', ...FREE },
  f: { wnid: TENCH },
  g: { wnid: GOLDFISH },
  h: { wnid: SHARK },
  X: { wnid: TENCH },
  Y: { wnid: GOLDFISH },
};
const NAMES = Object.keys(PHOTOS);
const LISTED = NAMES.filter((name) => name === name.toLowerCase());
const ids = new Map<string, number>();
const subject = (name: string): Subject => ({ sha256: sha256Of(name), wnid: PHOTOS[name]?.wnid ?? '' });
const POLICY = { cap: 15, nearDuplicateDistance: 0, nearDuplicateCosine: null };

/** Which photos the filter drops as `correct`. X and Y have no bytes, so they become no controls. Every total is the same. */
const WORLDS = ['abX', 'beX', 'cdY'];

const servers = { guarded: '', open: '' };
beforeAll(async () => {
  const { app } = dashboard;
  for (const [name, of] of Object.entries(PHOTOS)) ids.set(name, await fetched(app.db, [candidate(name, of)], name));
  const problem = { state: 'dropped', reason: 'opted-out', detail: 'the page says so' } as const;
  await store(app.db, [candidate('refused', { wnid: TENCH, problem })]);
  servers.guarded = await dashboard.serve(TOKENS);
  servers.open = await dashboard.serve(NO_TOKENS);
});

/** The server keeps the list of collections for two seconds. */
const CARDS_MS = 2_100;

/** Decides all photos again, and lists them. */
async function decide(correct: string, controls: number, pruned: readonly string[] = ['X', 'Y']): Promise<void> {
  const { app, workspace } = dashboard;
  await sql`truncate review_event, verdict, review_lease, decision restart identity cascade`.execute(app.db);
  for (const name of NAMES) {
    const id = ids.get(name) ?? 0;
    const { wnid } = subject(name);
    const other =
      name === name.toLowerCase() ? kept(id, wnid, { confusionWnid: TENCH }) : dropped(id, wnid, 'confident');
    await decideAs(app.db, workspace.scope, [correct.includes(name) ? dropped(id, wnid) : other]);
    const state = pruned.includes(name) ? 'pruned' : 'stored';
    await sql`update photo set bytes_state = ${state}, pruned_at = ${state === 'pruned' ? new Date(0) : null} where id = ${id}`.execute(
      app.db,
    );
  }
  await buildShortlist(app.db, workspace.scope, { policy: { ...POLICY, controls }, backboneId: null });
}

type Person = keyof typeof TOKENS.people;
let sequence = 0;

async function accept(person: Person, names: readonly string[]): Promise<void> {
  const value = { verdict: 'accept', reason: null, shownBy: 'confusions' };
  const at = new Date().toISOString();
  const action = { kind: 'verdict', subjects: names.map(subject), value, at, sequence: (sequence += 1) };
  const headers = { ...JSON_BODY, ...bearer(TOKENS.people[person].token).headers };
  const body = JSON.stringify({ client: person, actions: [action] });
  expect((await ask(servers.guarded, '/c/demo/api/review/actions', { method: 'POST', headers, body })).status).toBe(
    200,
  );
}

const cookieOf = (name: string): string => `winnow_reviewer=${Buffer.from(name).toString('base64url')}`;
const READERS = [
  ['a reviewer', 'guarded', bearer(TOKENS.people.carl.token).headers],
  ['a browser of a server without tokens', 'open', { cookie: cookieOf('carl') }],
] as const;

async function toldToAll(): Promise<Record<string, Record<string, string>>> {
  const about = { photos: NAMES.map(subject), ids: NAMES.map((_, i) => i + 1) };
  const told: Record<string, Record<string, string>> = {};
  for (const [who, server, headers] of READERS) told[who] = await allAnswersTo(servers[server], headers, about);
  return told;
}

describe('the controls of an open review', () => {
  it('cannot be named: every answer is the same, whichever photos they are, also when others have judged some', async () => {
    const answers: Record<string, Record<string, string>>[] = [];
    for (const world of WORLDS) {
      await decide(world, 2);
      await accept('ann', LISTED);
      await accept('bob', ['a', 'c']);
      await sleep(CARDS_MS);
      answers.push(await toldToAll());
    }
    const [first] = answers;
    expect(first?.['a reviewer']?.['/c/demo/api/photos undefined']).toContain('"total":11');
    // Filters by verdicts read the reader's own only, and carl has given none.
    const byVerdict = (query: string): string => first?.['a reviewer']?.[`/c/demo/api/photos?${query} undefined`] ?? '';
    for (const query of ['verdict=accept', 'verdict=overruled', 'judged=2000-01-01..2999-01-01', 'by=carl'])
      expect(byVerdict(query)).toContain('"total":0');
    expect(byVerdict('by=ann')).toContain('only your own verdicts');
    for (const [who] of READERS)
      for (const [i, told] of answers.entries()) expect(told[who], `${who}, ${WORLDS[i]}`).toEqual(first?.[who]);
  });

  it('cannot be counted out: a photo that was not drawn would tell that its class has all controls that it may have', async () => {
    await decide('abX', 1, []);
    const { headers } = bearer(TOKENS.people.carl.token);
    const get = async (path: string): Promise<string> =>
      (await ask(servers.guarded, `/c/demo/api/${path}`, { headers })).body;
    const index: { readonly wnids: string[]; readonly photos: [string, number][] } = JSON.parse(
      await get('review/index'),
    );
    const queue = new Map(index.photos.map(([sha256, wnid]) => [sha256, index.wnids[wnid] ?? '']));
    const found: GalleryIndex = JSON.parse(await get('photos'));
    const body = JSON.stringify({ ids: found.ids });
    const answer = await ask(servers.guarded, '/c/demo/api/photos/rows', {
      method: 'POST',
      headers: { ...headers, ...JSON_BODY },
      body,
    });
    const tiles: readonly GalleryTile[] = JSON.parse(answer.body).photos;
    // A class with a photo that was dropped as correct, and is not in the queue, has one control there, beside its listed photo.
    const notDrawn = tiles.filter(({ sha256, reason }) => reason === 'correct' && !queue.has(sha256 ?? ''));
    const named = [...queue].filter(
      ([, wnid]) =>
        notDrawn.some((tile) => tile.wnid === wnid) && [...queue.values()].filter((one) => one === wnid).length === 2,
    );
    expect(named).toEqual([]);
    expect(new Set(tiles.map(({ sha256 }) => sha256))).toEqual(new Set([...NAMES.map(sha256Of), null]));
    expect(new Set(tiles.map(({ outcome, reason }) => `${outcome} ${reason}`))).toEqual(
      new Set(['fetched null', 'dropped opted-out']),
    );
  });

  it('leave the gallery the states and reasons of the crawl, until the person has judged all that is wanted', async () => {
    await decide('abX', 2);
    const { headers } = bearer(TOKENS.people.carl.token);
    const total = async (query: string): Promise<number | string> => {
      const { status, body } = await ask(servers.guarded, `/c/demo/api/photos?${query}`, { headers });
      return status === 200 ? JSON.parse(body).total : `${status} ${JSON.parse(body).error}`;
    };
    expect([
      await total('state=fetched'),
      await total('state=dropped&reason=opted-out'),
      await total('sort=-time'),
    ]).toEqual([10, 1, 11]);
    for (const query of [
      'state=distinct',
      'state=kept',
      'reason=correct',
      'split=control',
      `seen=${TENCH}`,
      'disagree=1',
      'tag=blur',
      'sort=p',
      'sort=-confusion',
    ])
      expect(await total(query)).toMatch(new RegExp(`^403 The address has ${query}, but this review is blind`));
    await accept('carl', LISTED);
    expect([await total('state=listed'), await total('split=control'), await total('reason=correct')]).toEqual([
      6, 2, 3,
    ]);
  });
});

it('a shortlist that asked for controls and found none is not blind', async () => {
  await decide('', 5);
  const { headers } = bearer(TOKENS.viewer);
  const status = async (page: string): Promise<number> =>
    (await ask(servers.guarded, `/c/demo/${page}`, { headers })).status;
  expect([await status('revisions'), await status('api/photos?state=listed')]).toEqual([200, 200]);
  await decide('a', 5);
  expect([await status('revisions'), await status('api/photos?state=listed')]).toEqual([403, 403]);
});

it('a person of a server without tokens is shown report, revisions and gallery anyway, and the activity log notes it', async () => {
  await decide('ac', 2);
  const pages = ['report', 'revisions', 'api/photos?state=kept', 'photos'];
  const statuses = async (headers: Record<string, string>): Promise<number[]> =>
    Promise.all(pages.map(async (page) => (await ask(servers.open, `/c/demo/${page}`, { headers })).status));
  const show = (server: keyof typeof servers, headers: Record<string, string>): Promise<Answered> =>
    ask(servers[server], '/c/demo/show-anyway', {
      method: 'POST',
      headers: { ...headers, ...FORM },
      body: 'to=%2Fc%2Fdemo%2Freport',
    });
  const [ann, bob] = [cookieOf('ann'), cookieOf('bob')];
  expect(await statuses({ cookie: ann })).toEqual([403, 403, 403, 200]);
  const html = { accept: 'text/html' };
  const { body } = await ask(servers.open, '/c/demo/report?x=1', { headers: { cookie: ann, ...html } });
  expect(body).toMatch(
    /<form method="post" action="\/c\/demo\/show-anyway">.*value="\/c\/demo\/report\?x=1">Show anyway</s,
  );
  const choices = await ask(servers.open, '/c/demo/api/photos/choices', { headers: { cookie: ann } });
  expect(JSON.parse(choices.body)).toMatchObject({ isCrawlOnly: true, showAnyway: '/c/demo/show-anyway' });
  const { status, headers } = await show('open', { cookie: ann });
  expect([status, headers.location]).toEqual([303, '/c/demo/report']);
  const [shown] = headers['set-cookie']?.[0]?.split(';') ?? [];
  expect(await statuses({ cookie: `${ann}; ${shown}` })).toEqual([200, 200, 200, 200]);
  expect(await statuses({ cookie: `${bob}; ${shown}` })).toEqual([403, 403, 403, 200]);
  const noted = await listActivity(dashboard.app.db, { action: 'show-anyway', limit: 10 });
  expect(noted).toMatchObject([
    { who: 'operator', place: '127.0.0.1', collection: 'demo', detail: { reviewer: 'ann' } },
  ]);
  // On a server with tokens only operators may look.
  expect((await show('guarded', bearer(TOKENS.people.carl.token).headers)).status).toBe(403);
  const guarded = await ask(servers.guarded, '/c/demo/report', {
    headers: { ...bearer(TOKENS.people.carl.token).headers, ...html },
  });
  expect([guarded.status, guarded.body.includes('Show anyway')]).toEqual([403, false]);
});

it('what a command prints is hidden from a person whose verdict is wanted', async () => {
  await decide('abX', 2);
  const post = (target: string, asked: Pick<Asked, 'headers' | 'body'>): Promise<Answered> =>
    ask(servers.open, `/c/demo/${target}`, { method: 'POST', ...asked });
  const started = await post('api/operation/start/shortlist', { headers: JSON_BODY, body: '{}' });
  expect(started.status).toBe(202);
  const ann = cookieOf('ann');
  const shownTo = async (cookie: string): Promise<{ last: { state: string }; output: string | null }> =>
    JSON.parse((await firstEvent(servers.open, { cookie }, 'operation/live')).replace('data: ', ''));
  await expect.poll(async () => (await shownTo(ann)).last.state, { timeout: 60_000 }).toBe('done');
  const anyway = await post('show-anyway', { headers: { ...FORM, cookie: ann }, body: 'to=%2F' });
  const [shown] = anyway.headers['set-cookie']?.[0]?.split(';') ?? [];
  expect([(await shownTo(ann)).output, (await shownTo(`${ann}; ${shown}`)).output]).toEqual([
    null,
    expect.stringContaining('controls: '),
  ]);
  // The stream that is open tells no more once a verdict is wanted.
  await decide('', 0);
  const stream = await fetch(`${servers.open}/c/demo/api/operation/live`, { headers: { cookie: ann } });
  let told = '';
  for await (const bytes of stream.body ?? []) {
    const before = told;
    told += Buffer.from(bytes).toString();
    if (told.includes('"output":null')) break;
    if (before === '') await accept('bob', ['f']);
  }
  expect(told).toMatch(/"output":"[^"]*controls: .*"output":null/s);
});

describe('a name', () => {
  const choose = (headers: Record<string, string>, name: string): Promise<Answered> =>
    ask(servers.guarded, '/c/demo/api/review/reviewer', {
      method: 'POST',
      headers: { ...headers, ...JSON_BODY },
      body: JSON.stringify({ name }),
    });
  const sessionOf = async (token: string): Promise<string> => {
    const { headers } = await ask(servers.guarded, '/login', { method: 'POST', headers: FORM, body: `token=${token}` });
    return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  };
  const nameOf = async (headers: Record<string, string>): Promise<unknown> =>
    JSON.parse((await ask(servers.guarded, '/c/demo/api/review/setup', { headers })).body).reviewer;

  it('that a browser claims in a cookie does not let a viewer read what that reviewer may, nor count within a session', async () => {
    await decide('ac', 2);
    const cookie = cookieOf('dora');
    expect(await nameOf({ ...bearer(TOKENS.viewer).headers, cookie })).toBeNull();
    expect(await nameOf({ cookie: `${await sessionOf(TOKENS.viewer)}; ${cookie}` })).toBeNull();
    expect(await nameOf({ cookie: `${await sessionOf(TOKENS.reviewer)}; ${cookie}` })).toBeNull();
  });

  it('that a user of a shared token chooses counts with the session in which it was chosen', async () => {
    const [one, other] = [await sessionOf(TOKENS.reviewer), await sessionOf(TOKENS.operator)];
    const { status, headers } = await choose({ cookie: one }, 'dora');
    const cookie = headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    expect([status, await nameOf({ cookie: `${one}; ${cookie}` })]).toEqual([200, 'dora']);
    expect(await nameOf({ cookie: `${other}; ${cookie}` })).toBeNull();
  });
});
