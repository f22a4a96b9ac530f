import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { storeReport } from '../../../../src/measure/report/stored-report.repository.ts';
import type { ReviewVerdict, Subject } from '../../../../src/core/review/events/event.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { madeReport } from '../../../support/made-report.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { candidate, decideAs, dropped, fetched, kept } from '../../../support/catalogue-fixtures.ts';
import { ask, bearer, JSON_BODY, NO_TOKENS, useDashboard } from './support.ts';
import { allAnswersTo, firstEvent } from './all-answers.ts';

/** Every photo is reviewed by two people. */
const dashboard = useDashboard(async () => ({
  WINNOW_REVIEW_SECOND_PASS: '1',
  WINNOW_REVIEW_ACCEPTANCE_MAX_LABEL_ERROR: '0.2',
}));
const TOKENS = {
  operator: 'operator-operator-operator',
  reviewer: 'reviewer-reviewer-reviewer',
  viewer: 'viewer-viewer-viewer-viewer',
  people: {
    ann: { role: 'reviewer', token: 'ann-ann-ann-ann-ann-ann' },
    bob: { role: 'reviewer', token: 'bob-bob-bob-bob-bob-bob' },
  },
} as const;
const TENCH = 'n01440764';
const GOLDFISH = 'n01443537';
const SHARK = 'n01484850';
/** Photos of one class and two confusions. */
const CONFUSIONS = { a: GOLDFISH, b: GOLDFISH, c: SHARK, d: SHARK } as const;
const NAMES = ['a', 'b', 'c', 'd'] as const;
const photo = (name: string): Subject => ({ sha256: sha256Of(name), wnid: TENCH });
const cookieOf = (name: string) => ({ cookie: `winnow_reviewer=${Buffer.from(name).toString('base64url')}` });

const POLICY = { cap: 15, nearDuplicateDistance: 0, nearDuplicateCosine: null };
const servers = { guarded: '', open: '' };
beforeAll(async () => {
  const { app, workspace } = dashboard;
  for (const name of NAMES) {
    const id = await fetched(app.db, [candidate(name, { wnid: TENCH })], name);
    const changes = { confusionWnid: CONFUSIONS[name], maxTrueProb: 0.01 };
    await decideAs(app.db, workspace.scope, [kept(id, TENCH, changes)]);
  }
  const policy = POLICY;
  await buildShortlist(app.db, workspace.scope, { policy, backboneId: null });
  servers.guarded = await dashboard.serve(TOKENS);
  servers.open = await dashboard.serve(NO_TOKENS);
});

beforeEach(async () => {
  await sql`truncate review_event, verdict, review_lease cascade`.execute(dashboard.app.db);
});

let sequence = 0;
type Reviewer = keyof typeof TOKENS.people;

/** Sends actions of one reviewer, without their numbers and times. */
async function send(reviewer: Reviewer, changes: readonly object[]): Promise<void> {
  const at = new Date().toISOString();
  const actions = changes.map((change) => ({ ...change, at, sequence: (sequence += 1) }));
  const headers = { ...JSON_BODY, ...bearer(TOKENS.people[reviewer].token).headers };
  const body = JSON.stringify({ client: reviewer, actions });
  const answer = await ask(servers.guarded, '/c/demo/api/review/actions', { method: 'POST', headers, body });
  expect(answer.status).toBe(200);
}

/** Sends verdicts of one reviewer, by the names of the photos. */
async function review(reviewer: Reviewer, verdicts: Readonly<Record<string, ReviewVerdict>>): Promise<void> {
  const changes = Object.entries(verdicts).map(([name, verdict]) => {
    const value = { verdict, reason: verdict === 'reject' ? 'low-quality' : null, shownBy: 'confusions' };
    return { kind: 'verdict', subjects: [photo(name)], value };
  });
  await send(reviewer, changes);
}

const ABOUT = { photos: NAMES.map(photo), ids: [1, 2, 3, 4] };

const READERS = [
  ['a reviewer with a token of their own', 'guarded', bearer(TOKENS.people.bob.token).headers],
  ['a reviewer with the shared token', 'guarded', { ...bearer(TOKENS.reviewer).headers, ...cookieOf('carl') }],
  ['a viewer', 'guarded', bearer(TOKENS.viewer).headers],
  ['a browser of a server without tokens', 'open', cookieOf('bob')],
  ['a browser without a name of a server without tokens', 'open', {}],
] as const;

/** Possible verdicts of a first reviewer. Tags and flags are hidden with the verdict. */
const HIDDEN: readonly Readonly<Record<string, ReviewVerdict>>[] = [
  { a: 'accept', b: 'accept', c: 'reject', d: 'unsure' },
  { a: 'unsure', b: 'reject', c: 'unsure', d: 'reject' },
];
const MARKS = [
  { kind: 'tag', subjects: [photo('a')], value: { tags: ['blur'] } },
  { kind: 'flag', subjects: [photo('b')], value: { flagged: true } },
];

describe('the verdicts of photos whose second verdict is pending', () => {
  it('show in no answer to reviewers, viewers and browsers without a token', async () => {
    const answers: Record<string, Record<string, string>>[] = [];
    for (const [i, verdicts] of HIDDEN.entries()) {
      await sql`truncate review_event, verdict, review_lease cascade`.execute(dashboard.app.db);
      await review('ann', verdicts);
      if (i === 0) await send('ann', MARKS);
      // The server keeps the list of collections for two seconds.
      await sleep(2_100);
      answers.push(await toldToAll());
    }
    expect(answers[0]?.['a viewer']?.['/c/demo/api/overview undefined']).toContain(
      'No licence lets people pass on 4 listed photos',
    );
    for (const [who] of READERS)
      expect(
        answers.map((told) => told[who]),
        who,
      ).toEqual(HIDDEN.map(() => answers[0]?.[who]));
  });

  it('are found by the name of the person by operators only', async () => {
    await review('ann', { a: 'accept' });
    for (const path of ['photos', 'review/index', 'review/facets']) {
      const statusFor = async (headers: Record<string, string>): Promise<unknown> =>
        (await ask(servers.guarded, `/c/demo/api/${path}?by=ann`, { headers })).status;
      expect(
        [
          await statusFor(bearer(TOKENS.people.bob.token).headers),
          await statusFor(bearer(TOKENS.people.ann.token).headers),
        ],
        path,
      ).toEqual([403, 200]);
    }
  });

  it('count as unreviewed for all but an operator with a token', async () => {
    await review('ann', { a: 'accept', b: 'reject', c: 'unsure' });
    const totals = async (server: keyof typeof servers, headers: Record<string, string>) => {
      const { body } = await ask(servers[server], '/c/demo/api/overview', { headers });
      const { selected, rejected, unsure, unreviewed } = JSON.parse(body).totals;
      return { selected, rejected, unsure, unreviewed };
    };
    const none = { selected: 0, rejected: 0, unsure: 0, unreviewed: 4 };
    for (const [, server, headers] of READERS) expect(await totals(server, headers)).toEqual(none);
    const all = { selected: 1, rejected: 1, unsure: 1, unreviewed: 1 };
    const operator = bearer(TOKENS.operator).headers;
    expect(await totals('guarded', operator)).toEqual(all);
    expect(await firstEvent(servers.guarded, operator)).toContain('"selected":1');
    const { body } = await ask(servers.guarded, '/c/demo/api/overview', { headers: operator });
    expect(JSON.parse(body).acceptance).toMatchObject({ accepted: 1, pending: 1, state: 'open' });
    const metrics = async (headers: Record<string, string>) =>
      (await ask(servers.guarded, '/metrics', { headers })).body;
    const accepted = 'winnow_shortlist_photos{collection="demo",place="selected"}';
    expect(await metrics(operator)).toContain(`${accepted} 1`);
    expect(await metrics(bearer(TOKENS.viewer).headers)).toContain(`${accepted} 0`);
    // The second verdict makes the first one known to everybody.
    await review('bob', { a: 'accept' });
    expect(await totals('open', {})).toEqual({ ...none, selected: 1, unreviewed: 3 });
  });

  it('keep reports and revisions from all but operators until the second pass is over', async () => {
    const inputs = { clean: null, inDistribution: null, which: null, models: null };
    await storeReport(dashboard.app.db, dashboard.workspace.scope, { report: madeReport(), inputs });
    const pages = ['report', 'report/report.json', 'report/csv/models.csv', 'revisions', 'revisions/1/revision.tar'];
    const statuses = async (server: keyof typeof servers, headers: Record<string, string>) =>
      Promise.all(pages.map(async (page) => (await ask(servers[server], `/c/demo/${page}`, { headers })).status));
    const shown = [200, 200, 200, 200, 404];
    await review('ann', { a: 'accept' });
    for (const [who, server, headers] of READERS)
      expect(await statuses(server, headers), who).toEqual([403, 403, 403, 403, 403]);
    expect(await statuses('guarded', bearer(TOKENS.operator).headers)).toEqual(shown);
    expect(await statuses('guarded', bearer(TOKENS.people.ann.token).headers)).toEqual(shown);
    await review('bob', { a: 'accept' });
    for (const [who, server, headers] of READERS) expect(await statuses(server, headers), who).toEqual(shown);
  });

  it('are left out of the agreement that the page of a third reviewer shows', async () => {
    await review('ann', { a: 'unsure' });
    await review('bob', { a: 'accept' });
    const photos = async (headers: Record<string, string>): Promise<unknown> =>
      JSON.parse((await ask(servers.guarded, '/c/demo/api/review/agreement', { headers })).body).overall.photos;
    expect(await photos({ ...bearer(TOKENS.reviewer).headers, ...cookieOf('carl') })).toBe(0);
    expect(await photos(bearer(TOKENS.operator).headers)).toBe(1);
    expect(await photos(bearer(TOKENS.people.bob.token).headers)).toBe(1);
  });
});

/** Makes these photos controls, and the others listed ones. */
async function control(names: string): Promise<void> {
  const { app, workspace } = dashboard;
  const { db } = app;
  await sql`truncate review_event, verdict, review_lease, decision cascade`.execute(db);
  for (const name of NAMES) {
    const { id } = await db
      .selectFrom('photo')
      .select('id')
      .where('sha256', '=', Buffer.from(sha256Of(name), 'hex'))
      .executeTakeFirstOrThrow();
    await decideAs(db, workspace.scope, [
      names.includes(name)
        ? dropped(id, TENCH)
        : kept(id, TENCH, { confusionWnid: CONFUSIONS[name], maxTrueProb: 0.01 }),
    ]);
  }
  await buildShortlist(db, workspace.scope, { policy: { ...POLICY, controls: 2 }, backboneId: null });
  // The server keeps the list of collections for two seconds.
  await sleep(2_100);
}

async function toldToAll(): Promise<Record<string, Record<string, string>>> {
  const told: Record<string, Record<string, string>> = {};
  for (const [who, server, headers] of READERS) told[who] = await allAnswersTo(servers[server], headers, ABOUT);
  return told;
}

describe('controls', () => {
  it('cannot be told from listed photos before the verdict', async () => {
    await control('ac');
    const told = await toldToAll();
    expect(told['a viewer']?.[`/c/demo/api/review/evidence/${TENCH}/${photo('a').sha256} undefined`]).toContain(
      '"members":[]',
    );
    expect(told['a viewer']?.['/c/demo/sheet/shortlist.html undefined']).toMatch(/^403 /);
    expect(told['a viewer']?.['/c/demo/api/photos undefined']).toContain('{"ids":[4,3,2,1]');
    await control('bd');
    expect(await toldToAll()).toEqual(told);
  });

  it('leave the models unseen until the reviewer has given a verdict', async () => {
    await control('ac');
    const { headers } = bearer(TOKENS.people.bob.token);
    const heatmap = async (name: string) =>
      (await ask(servers.guarded, `/c/demo/api/review/heatmap/none/${TENCH}/${sha256Of(name)}`, { headers })).status;
    const predicted = async (): Promise<unknown> => {
      const body = JSON.stringify({ subjects: NAMES.map(photo) });
      const asked = { method: 'POST', headers: { ...headers, ...JSON_BODY }, body };
      const { photos } = JSON.parse((await ask(servers.guarded, '/c/demo/api/review/rows', asked)).body);
      return photos.map((one: { readonly confusionWnid: unknown }) => one.confusionWnid);
    };
    await review('ann', { a: 'accept', b: 'accept', c: 'accept', d: 'accept' });
    expect([await predicted(), await heatmap('a'), await heatmap('b')]).toEqual([[null, null, null, null], 403, 403]);
    await review('bob', { a: 'accept', b: 'accept' });
    expect([await predicted(), await heatmap('a'), await heatmap('b')]).toEqual([
      [TENCH, GOLDFISH, null, null],
      404,
      404,
    ]);
  });
});
