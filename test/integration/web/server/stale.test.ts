import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type {
  ActionsAnswer,
  LeaseAnswer,
  PhotoRows,
  ReviewChange,
  ReviewPhoto,
} from '../../../../src/core/review/desk/desk.ts';
import type { ReviewEvent, ReviewVerdict, SeenSubject, Subject } from '../../../../src/core/review/events/event.ts';
import { listEvents } from '../../../../src/core/review/events/review.repository.ts';
import type { Met } from '../../../../src/core/kernel/met.ts';
import type { StaleSubject } from '../../../../src/core/review/events/stale.ts';
import { verdictOf } from '../../../../src/core/review/events/verdict.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { candidate, decideAs, fetched, kept } from '../../../support/catalogue-fixtures.ts';
import { collect } from '../../../support/collect.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { ask, bearer, JSON_BODY, useDashboard } from './support.ts';

/** The second pass draws some of the photos. */
const dashboard = useDashboard(async () => ({ WINNOW_REVIEW_SECOND_PASS: '0.5' }));
const TENCH = 'n01440764';
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const PHOTOS = NAMES.map((name): Subject => ({ sha256: sha256Of(name), wnid: TENCH }));
const PEOPLE = ['ann', 'bob', 'cem'] as const;
type Name = (typeof PEOPLE)[number];
const tokenOf = (name: Name): string => `${name}-`.repeat(6);

let server = '';
/** A photo that the second pass draws, and one that it does not. */
let drawn: Subject | undefined;
let free: Subject | undefined;

beforeAll(async () => {
  const { app, workspace } = dashboard;
  for (const name of NAMES) {
    const id = await fetched(app.db, [candidate(name, { wnid: TENCH })], name);
    await decideAs(app.db, workspace.scope, [kept(id, TENCH, { confusionWnid: 'n01443537', maxTrueProb: 0.01 })]);
  }
  const policy = { cap: 15, nearDuplicateDistance: 0, nearDuplicateCosine: null };
  await buildShortlist(app.db, workspace.scope, { policy, backboneId: null });
  const people = Object.fromEntries(PEOPLE.map((one) => [one, { role: 'reviewer' as const, token: tokenOf(one) }]));
  server = await dashboard.serve({ operator: null, reviewer: null, viewer: null, people });
  const first = new Page('ann');
  await first.verdict('accept', PHOTOS);
  const rows = await new Page('bob').rows(PHOTOS);
  drawn = rows.find(({ state }) => state === 'open');
  free = rows.find(({ state }) => state === 'accepted');
});

beforeEach(async () => {
  await sql`truncate review_event, verdict, review_lease cascade`.execute(dashboard.app.db);
});

const photo = (isDrawn: boolean): Subject => {
  const found = isDrawn ? drawn : free;
  if (found === undefined) throw new Error('Expected the second pass to draw some of the photos, and to leave others');
  return { sha256: found.sha256, wnid: found.wnid };
};

interface Refusal {
  readonly code: string;
  readonly stale: readonly StaleSubject[];
}

let pages = 0;

/** An open page of a person: it sends what it was shown of others, as the page of the review does. */
class Page {
  readonly name: Name;
  readonly client = `tab${(pages += 1)}`;
  #sequence = 0;
  readonly #shown = new Map<string, number>();

  constructor(name: Name) {
    this.name = name;
  }

  async rows(subjects: readonly Subject[]): Promise<readonly ReviewPhoto[]> {
    const given = subjects.map(({ sha256, wnid }) => ({ sha256, wnid }));
    const { body } = await this.post<PhotoRows>('rows', { subjects: given });
    this.#show(body.photos);
    return body.photos;
  }

  seen = (of: Subject): number | null => this.#shown.get(of.sha256) ?? null;

  verdict(verdict: ReviewVerdict, on: readonly Subject[], shownBy: 'grid' | 'confusions' = 'confusions') {
    const value = { verdict, reason: null, shownBy } as const;
    return this.send({ kind: 'verdict', subjects: this.#withSeen(on), value });
  }

  settle(verdict: ReviewVerdict, on: readonly Subject[]) {
    return this.send({ kind: 'adjudicate', subjects: this.#withSeen(on), value: { verdict, reason: null } });
  }

  takeBack(kind: 'undo' | 'redo', sequence: number, on: Subject) {
    return this.send({ kind, of: { client: this.client, sequence }, seen: this.#withSeen([on]) });
  }

  /** `isLost`: the answer does not arrive. */
  async send(change: ReviewChange, isLost = false) {
    this.#sequence += 1;
    return this.again(this.#sequence, change, isLost);
  }

  async again(sequence: number, change: ReviewChange, isLost = false) {
    const action = { ...change, sequence, at: new Date().toISOString() };
    const sent = { client: this.client, actions: [action] };
    const { status, body } = await this.post<Partial<ActionsAnswer & Refusal>>('actions', sent);
    if (!isLost) this.#show(body.photos ?? []);
    const result = body.results?.[0];
    return { status, code: body.code, sequence, result, stale: body.stale ?? [] };
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the shape of the answer
  async post<T>(route: string, content: object): Promise<{ readonly status: number; readonly body: T }> {
    const headers = { ...JSON_BODY, ...bearer(tokenOf(this.name)).headers };
    const asked = { method: 'POST', headers, body: JSON.stringify(content) };
    const { status, body } = await ask(server, `/c/demo/api/review/${route}`, asked);
    return { status, body: JSON.parse(body) };
  }

  #withSeen(on: readonly Subject[]): SeenSubject[] {
    return on.map(({ sha256, wnid }) => ({ sha256, wnid, seen: this.seen({ sha256, wnid }) }));
  }

  #show(photos: readonly ReviewPhoto[]): void {
    for (const { sha256, seen } of photos) this.#shown.set(sha256, seen);
  }
}

const events = (): Promise<ReviewEvent[]> =>
  collect(listEvents(dashboard.app.db, dashboard.workspace.scope.collectionId));

const OTHER = { ann: 'bob', bob: 'ann' } as const;
/** All orders in which two people look at a photo (l) and judge it (j). Capitals are what ann does. */
const ORDERS = ['LlJj', 'LljJ', 'LJlj', 'lLJj', 'lLjJ', 'ljLJ'] as const;
const LETTERS = { ann: ['L', 'J'], bob: ['l', 'j'] } as const;
const SAID = { ann: 'accept', bob: 'reject' } as const;
const LATER = ['change', 'undo', 'redo', 'settle'] as const;

/** Runs one order. Returns both pages with the numbers of their verdicts, and what each person is told of the other. */
async function run(order: string, on: Subject) {
  const open = { ann: new Page('ann'), bob: new Page('bob') };
  const judged = { ann: 0, bob: 0 };
  const met: Record<string, string | null> = {};
  const stored: unknown[] = [];
  for (const letter of order) {
    const name = letter === letter.toUpperCase() ? 'ann' : 'bob';
    if (letter.toLowerCase() === 'l') await open[name].rows([on]);
    else {
      const { sequence, result } = await open[name].verdict(SAID[name], [on]);
      stored.push(result?.stored);
      judged[name] = sequence;
      met[name] = metText(result?.met);
    }
  }
  return { open, judged, met, stored };
}

function metText(met: Met | undefined): string | null {
  return met === undefined ? null : `${met.agreeing} agree, ${met.differing} differ: ${met.reviewers.join()}`;
}

const second = (order: string): 'ann' | 'bob' => (order.endsWith('J') ? 'ann' : 'bob');

describe('two people on one photo', () => {
  const cases = ['drawn', 'not drawn'].flatMap((kind) => ORDERS.map((order) => [kind, order] as const));

  it.each(cases)(
    '%s for a second pass, in the order %s: each verdict is stored, and the second is told how it compares',
    async (kind, order) => {
      const { met, stored } = await run(order, photo(kind === 'drawn'));
      expect(stored).toEqual([1, 1]);
      const late = second(order);
      // A page shows another person's verdict, except in a blind second pass.
      const isBlind = kind === 'drawn' || order.indexOf(LETTERS[late][0]) < order.indexOf(LETTERS[OTHER[late]][1]);
      expect(met).toEqual({ [OTHER[late]]: null, [late]: isBlind ? `0 agree, 1 differ: ${OTHER[late]}` : null });
      const { state, reviews } = verdictOf(await events());
      expect([state, reviews.map(({ verdict }) => verdict).toSorted()]).toEqual(['disputed', ['accept', 'reject']]);
      expect(reviews.map(({ blindVerdict }) => blindVerdict !== null)).toEqual([true, isBlind]);
    },
  );

  it.each(LATER)(
    '%s: refused exactly if its author has not seen what the other person did last, and stored once it is sent with that',
    { timeout: 300_000 },
    async (what) => {
      const done: Record<string, unknown> = {};
      const expected: Record<string, unknown> = {};
      for (const [kind, order] of cases)
        for (const name of ['ann', 'bob'] as const)
          for (const looks of [true, false]) {
            await sql`truncate review_event, verdict, review_lease cascade`.execute(dashboard.app.db);
            const label = `${kind} ${order}, ${name}: ${what}${looks ? ' after another look' : ''}`;
            const one = await actLater({ on: photo(kind === 'drawn'), order, name, what, looks });
            done[label] = one.done;
            expected[label] = one.expected;
          }
      expect(done).toEqual(expected);
    },
  );
});

interface Later {
  readonly on: Subject;
  readonly order: string;
  readonly name: 'ann' | 'bob';
  readonly what: (typeof LATER)[number];
  readonly looks: boolean;
}

/** Acts after both verdicts. A refused action is sent again after a look. Returns what happened, beside what should. */
async function actLater(later: Later) {
  const { on, order, name, what, looks } = later;
  const { open, judged } = await run(order, on);
  const [page, other] = [open[name], open[OTHER[name]]];
  let of = judged[name];
  if (what === 'redo') {
    await page.rows([on]);
    of = (await page.takeBack('undo', of, on)).sequence;
    await other.rows([on]);
    await other.verdict(SAID[name], [on]);
  }
  if (looks) await page.rows([on]);
  const act = () => {
    if (what === 'change') return page.verdict('unsure', [on]);
    return what === 'settle' ? page.settle('accept', [on]) : page.takeBack(what, of, on);
  };
  const before = await events();
  const { status, code, stale } = await act();
  const between = await events();
  await page.rows([on]);
  const again = status === 409 ? (await act()).status : null;
  const after = await events();
  const added = after
    .slice(before.length)
    .map(({ reviewer, kind, value }) => [reviewer, kind, kind === 'verdict' ? value.isBlind : null]);
  const stored = between.length - before.length;
  return {
    done: { status, code, stale, stored, again, isAppended: isPrefix(before, after), added },
    expected: expectedOf(later, before),
  };
}

const KINDS = { change: 'verdict', settle: 'adjudicate', undo: 'undo', redo: 'redo' } as const;

function expectedOf({ on, order, name, what, looks }: Later, before: readonly ReviewEvent[]) {
  // A drawn photo waits again for a person who has taken a verdict back, and who may not know what the other one says.
  const isUnseen = what === 'redo' ? on.sha256 !== photo(true).sha256 : second(order) !== name;
  const added = [[name, KINDS[what], what === 'change' ? false : null]];
  const isAppended = true;
  if (!isUnseen || looks) return { status: 200, code: undefined, stale: [], stored: 1, again: null, isAppended, added };
  const last = before.findLast(({ reviewer }) => reviewer === OTHER[name]);
  const judgement = { verdict: what === 'redo' ? SAID[name] : SAID[OTHER[name]], reason: null };
  const newer = { event: last?.id, reviewer: OTHER[name], at: last?.at, kind: 'verdict', judgement };
  return { status: 409, code: 'stale', stale: [{ ...on, newer }], stored: 0, again: 200, isAppended, added };
}

const isPrefix = (before: readonly ReviewEvent[], after: readonly ReviewEvent[]): boolean =>
  isDeepStrictEqual(after.slice(0, before.length), before);

describe('an action of an author who has not seen what others did', () => {
  it('does not settle a dispute over the settlement of another person', async () => {
    const on = photo(false);
    await run('LlJj', on);
    const [ann, cem] = [new Page('ann'), new Page('cem')];
    for (const page of [ann, cem]) await page.rows([on]);
    expect((await ann.settle('accept', [on])).status).toBe(200);
    const refused = await cem.settle('reject', [on]);
    expect([refused.status, refused.stale[0]?.newer]).toMatchObject([409, { reviewer: 'ann', kind: 'adjudicate' }]);
    expect(verdictOf(await events()).state).toBe('accepted');
  });

  it('changes its own verdicts in bulk, except those that others have judged since, and says so again if it is sent again', async () => {
    const [ann, bob, cem] = [new Page('ann'), new Page('bob'), new Page('cem')];
    const [one, two, three] = PHOTOS.slice(0, 3) as [Subject, Subject, Subject];
    await ann.verdict('accept', [one, two, three], 'grid');
    await bob.verdict('accept', [two]);
    const value = { verdict: 'reject', reason: null, shownBy: 'grid' } as const;
    const subjects = [one, two, three].map((on) => ({ ...on, seen: ann.seen(on) }));
    const first = await ann.send({ kind: 'verdict', subjects, value });
    const stale = [{ ...two, newer: expect.objectContaining({ reviewer: 'bob', kind: 'verdict' }) }];
    expect(first.result).toMatchObject({ stored: 2, skipped: 0, stale });
    expect((await ann.again(first.sequence, { kind: 'verdict', subjects, value })).result).toEqual(first.result);
    // The page has been told, so its author knows when they decide once more.
    expect((await ann.verdict('reject', [two])).status).toBe(200);
    // Tiles that were not shown: others decide these photos.
    const unread = [one, two].map((on) => ({ ...on, seen: null }));
    const left = await cem.send({ kind: 'verdict', subjects: unread, value });
    expect([left.result?.stored, left.result?.skipped]).toEqual([0, 2]);
  });

  it('is a first verdict also in bulk, and is stored with the number of those that agree and differ', async () => {
    const [ann, bob] = [new Page('ann'), new Page('bob')];
    const three = PHOTOS.slice(0, 3);
    for (const page of [ann, bob]) await page.rows(three);
    await ann.verdict('accept', three.slice(0, 1));
    await ann.verdict('reject', three.slice(1, 2));
    const { result } = await bob.verdict('accept', three, 'grid');
    expect([result?.stored, metText(result?.met)]).toEqual([3, '1 agree, 1 differ: ann']);
    const own = (await events()).filter(({ reviewer }) => reviewer === 'bob');
    expect(own.map(({ value }) => value)).toEqual(own.map(() => expect.objectContaining({ isBlind: true })));
  });

  it('is taken as before from pages that do not say what they have shown', async () => {
    const on = photo(false);
    const [ann, bob] = [new Page('ann'), new Page('bob')];
    const value = { verdict: 'accept', reason: null } as const;
    const { sequence } = await ann.send({ kind: 'verdict', subjects: [on], value: { ...value, shownBy: 'lowest' } });
    await bob.send({ kind: 'verdict', subjects: [on], value: { verdict: 'reject', reason: null, shownBy: 'lowest' } });
    const changes: readonly ReviewChange[] = [
      { kind: 'verdict', subjects: [on], value: { ...value, shownBy: 'lowest' } },
      { kind: 'adjudicate', subjects: [on], value },
      { kind: 'undo', of: { client: ann.client, sequence } },
    ];
    for (const change of changes) expect((await ann.send(change)).status).toBe(200);
  });

  it('knows after a reload what the answer to the action told: an undo of the later of two verdicts is stored, one of the earlier is refused', async () => {
    const on = photo(false);
    const { open, judged } = await run('LlJj', on);
    const undo = (name: 'ann' | 'bob') =>
      new Page(name).send({ kind: 'undo', of: { client: open[name].client, sequence: judged[name] }, seen: [] });
    expect([(await undo('ann')).status, (await undo('bob')).status]).toEqual([409, 200]);
  });

  it('changes a verdict that was offline together with it: the verdict is stored, the change is refused', async () => {
    const on = photo(false);
    const [ann, bob] = [new Page('ann'), new Page('bob')];
    for (const page of [ann, bob]) await page.rows([on]);
    await bob.verdict('reject', [on]);
    const value = { verdict: 'accept', reason: null, shownBy: 'lowest' } as const;
    const change: ReviewChange = { kind: 'verdict', subjects: [{ ...on, seen: 0 }], value };
    const statuses = [(await ann.send(change, true)).status, (await ann.send(change, true)).status];
    expect(statuses).toEqual([200, 409]);
    expect((await events()).map(({ reviewer, value: said }) => [reviewer, said])).toMatchObject([
      ['bob', { verdict: 'reject' }],
      ['ann', { verdict: 'accept', isBlind: true }],
    ]);
  });

  it('is told nothing of a photo that waits for its own blind verdict, whatever others did', async () => {
    const on = photo(true);
    const answers: unknown[] = [];
    for (const verdict of [null, 'accept', 'reject'] as const) {
      await sql`truncate review_event, verdict, review_lease cascade`.execute(dashboard.app.db);
      if (verdict !== null) await new Page('ann').verdict(verdict, [on]);
      const bob = new Page('bob');
      const [row] = await bob.rows([on]);
      const { status, code, stale } = await bob.settle('accept', [on]);
      answers.push({ seen: row?.seen, state: row?.state, status, code, stale });
    }
    const told = { seen: 0, state: 'open', status: 409, code: 'stale', stale: [{ ...on, newer: null }] };
    expect(answers).toEqual([told, told, told]);
  });
});

describe('leases', () => {
  const LEASE = { order: 'confusions', filter: {}, count: 8, held: [] } as const;
  const take = async (page: Page, more: object = {}): Promise<LeaseAnswer> =>
    (await page.post<LeaseAnswer>('lease', { ...LEASE, client: page.client, ...more })).body;
  const isSilentFor = (page: Page, minutes: number) =>
    sql`update review_lease set until = now() + (${dashboard.app.config.review.leaseMs} - ${minutes} * 60000) * interval '1 millisecond'
      where client = ${page.client}`.execute(dashboard.app.db);

  it('of all pages on a photo end with its verdict', async () => {
    const [dead, alive, bob] = [new Page('ann'), new Page('ann'), new Page('bob')];
    await take(dead);
    await alive.verdict('accept', [photo(true)]);
    expect((await take(bob)).photos.map(({ sha256 }) => sha256)).toEqual([photo(true).sha256]);
  });

  it('of another page of the same person end on request, those of others only if their page is silent', async () => {
    const [other, page, bob] = [new Page('ann'), new Page('ann'), new Page('bob')];
    await take(other, { count: 4 });
    await take(bob);
    const held = (await take(page)).heldByOthers;
    expect(held.find(({ reviewer }) => reviewer === 'ann')).toMatchObject({ photos: 4 });
    expect(held.map(({ silentMs }) => silentMs)).toEqual(held.map(() => null));
    expect((await take(page, { take: 'silent' })).photos).toEqual([]);
    expect((await take(page, { take: 'own' })).photos).toHaveLength(4);
    await isSilentFor(bob, 6);
    const silent = (await take(new Page('ann'))).heldByOthers.filter(({ silentMs }) => silentMs !== null);
    expect(silent.every(({ silentMs }) => Math.floor((silentMs ?? 0) / 60_000) === 6)).toBe(true);
    expect(silent.reduce((sum, { photos }) => sum + photos, 0)).toBe(4);
    // The name is told except of photos that the second pass draws, whatever their verdicts.
    expect(new Set(silent.map(({ reviewer }) => reviewer))).toEqual(new Set(['bob', null]));
    expect((await take(new Page('ann'), { take: 'silent' })).photos).toHaveLength(4);
  });
});
