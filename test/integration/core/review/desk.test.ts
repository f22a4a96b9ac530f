import { describe, expect, it } from 'vitest';
import { recentActions } from '../../../../src/core/review/events/action.repository.ts';
import { classProgress, confusionProgress, shownRows } from '../../../../src/core/review/desk/desk.repository.ts';
import type { DeskView } from '../../../../src/core/review/desk/known-photos.repository.ts';
import type {
  LeaseRequest,
  PhotoIndex,
  ReviewChange,
  ReviewFilter,
  ReviewOrder,
} from '../../../../src/core/review/desk/desk.ts';
import {
  REVIEW_VERDICTS,
  type ReviewVerdict,
  type ShownBy,
  type Subject,
} from '../../../../src/core/review/events/event.ts';
import { countFacets } from '../../../../src/core/review/desk/facets.repository.ts';
import { readIndex } from '../../../../src/core/review/desk/photo-index.repository.ts';
import { recordAction } from '../../../../src/core/review/events/record-action.process.ts';
import { eventsOf, listEvents } from '../../../../src/core/review/events/review.repository.ts';
import { verdictOf } from '../../../../src/core/review/events/verdict.ts';
import { takePhotos } from '../../../../src/core/review/desk/take-photos.process.ts';
import { collect } from '../../../support/collect.ts';
import { useDatabase } from '../../../support/database.ts';
import { useListedPhotos } from './listed-photos.ts';
import { sha256Of } from '../../../support/sha256.ts';

const database = useDatabase();
/** Photos of two classes: three of n01 that models see as n03, two that they see as n02, and two of n02. */
const PHOTOS = [
  ['a', 'n01', 'n03', 0.01],
  ['b', 'n01', 'n03', 0.02],
  ['c', 'n01', 'n03', 0.03],
  ['d', 'n01', 'n02', 0.04],
  ['e', 'n01', 'n02', 0.05],
  ['f', 'n02', 'n03', 0.06],
  ['g', 'n02', 'n03', 0.07],
] as const;
const NAMES = new Map<string, string>(PHOTOS.map(([name]) => [sha256Of(name), name]));

const listed = useListedPhotos(database, PHOTOS);
const { viewOf, photo } = listed;
const namesOf = (photos: readonly Subject[]): string => photos.map(({ sha256 }) => NAMES.get(sha256)).join('');

async function take(view: DeskView, request: Partial<LeaseRequest> = {}): Promise<string> {
  const given = { client: view.reviewer, order: 'confusions', filter: {}, count: 10, held: [], ...request } as const;
  return namesOf((await takePhotos(database.db, view, { ...given, leaseMs: 60_000 })).photos);
}

let sequence = 0;
/** Records an action in the tab that is called like its reviewer. Returns its number, or what became of it. */
async function record(view: DeskView, change: ReviewChange, number = (sequence += 1)) {
  const action = { ...change, sequence: number, at: new Date().toISOString() };
  return recordAction(database.db, view, { client: view.reviewer, action, leaseMs: 60_000 });
}

const verdict = (names: string, given: ReviewVerdict, shownBy: ShownBy = 'confusions'): ReviewChange => ({
  kind: 'verdict',
  subjects: names.split('').map(photo),
  value: { verdict: given, reason: null, shownBy },
});

const takeBack = (view: DeskView, kind: 'undo' | 'redo', { sequence: of }: { readonly sequence: number }) =>
  record(view, { kind, of: { client: view.reviewer, sequence: of } });

async function statesOf(view: DeskView, filter: ReviewFilter = {}, order: ReviewOrder = 'lowest'): Promise<string> {
  const { wnids, photos }: PhotoIndex = JSON.parse(await readIndex(database.db, view, { filter, order }));
  const subjects = photos.map(([sha256, wnid]) => ({ sha256, wnid: wnids[wnid] ?? '' }));
  const rows = await shownRows(database.db, view, subjects);
  return rows.map((one) => `${namesOf([one])}:${one.state}`).join(' ');
}

async function blindVerdictsOf(name: string): Promise<Record<string, ReviewVerdict | null>> {
  const { reviews } = verdictOf(await eventsOf(database.db, listed.scope.collectionId, [photo(name)]));
  return Object.fromEntries(reviews.map(({ reviewer, blindVerdict }) => [reviewer, blindVerdict]));
}

describe('taking photos', () => {
  it('gives class by class, and the confusions of a class in turn', async () => {
    expect(await take(viewOf('ann'))).toBe('adbecfg');
  });

  it('begins with the class that is shown, and goes on with those after it', async () => {
    expect(await take(viewOf('ann'), { from: 'n02' })).toBe('fgadbec');
  });

  it('prefers confusions with few accepted photos', async () => {
    await record(viewOf('ann'), verdict('ab', 'accept', 'grid'));
    expect(await take(viewOf('ann'), { filter: { wnid: 'n01' } })).toBe('dec');
  });

  it('gives no photo to two people, nor to two tabs of one', async () => {
    const ann = viewOf('ann');
    expect(await take(ann, { count: 3 })).toBe('adb');
    expect(await take(viewOf('bob'), { count: 3 })).toBe('ecf');
    expect(await take(ann, { client: 'other-tab' })).toBe('g');
  });

  it('gives each photo once if many ask at the same time', async () => {
    const taken = await Promise.all(['ann', 'bob', 'cid', 'dee'].map((name) => take(viewOf(name), { count: 2 })));
    expect(taken.join('').split('').toSorted().join('')).toBe('abcdefg');
  });

  it('gives back what a tab no longer holds', async () => {
    await take(viewOf('ann'), { count: 3 });
    expect(await take(viewOf('ann'), { count: 2, held: [photo('b')] })).toBe('a');
    expect(await take(viewOf('bob'), { count: 2 })).toBe('de');
  });

  it('gives photos to others once their lease has run out', async () => {
    const request = { client: 'ann', order: 'confusions', filter: {}, count: 7, held: [] } as const;
    await takePhotos(database.db, viewOf('ann'), { ...request, leaseMs: 1 });
    expect(await take(viewOf('bob'))).toBe('adbecfg');
  });

  it("frees at once what the reviewer's closed tabs had, and nothing of another reviewer", async () => {
    await take(viewOf('ann'), { client: 'closed', count: 5 });
    await take(viewOf('bob'), { count: 1 });
    expect(await take(viewOf('bob'), { count: 1, held: [photo('f')], gone: ['closed'] })).toBe('');
    expect(await take(viewOf('ann'), { client: 'new', gone: ['closed', 'bob'] })).toBe('adbecg');
  });

  it('says who has the last photos and until when', async () => {
    await take(viewOf('bob'), { count: 5 });
    await take(viewOf('ann'), { client: 'other-tab', filter: { wnid: 'n02' } });
    const request = { client: 'ann', order: 'confusions', count: 1, held: [], leaseMs: 60_000 } as const;
    const heldFor = async (filter: ReviewFilter) =>
      (await takePhotos(database.db, viewOf('ann'), { ...request, filter })).heldByOthers;
    const until = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const held = [
      { reviewer: 'ann', photos: 2, until, silentMs: null },
      { reviewer: 'bob', photos: 5, until, silentMs: null },
    ];
    expect([await heldFor({}), await heldFor({ wnid: 'n02' }), await heldFor({ pMax: 0.01 })]).toEqual([
      held,
      held.slice(0, 1),
      [{ reviewer: 'bob', photos: 1, until, silentMs: null }],
    ]);
  });

  it('says which photos another tab has taken since the lease ran out', async () => {
    const request = { client: 'ann', order: 'confusions', filter: {}, count: 1, held: [] } as const;
    const { photos } = await takePhotos(database.db, viewOf('ann'), { ...request, leaseMs: 1 });
    await take(viewOf('bob'), { count: 1 });
    const again = await takePhotos(database.db, viewOf('ann'), { ...request, held: photos, leaseMs: 60_000 });
    expect([namesOf(again.lost), namesOf(again.photos)]).toEqual(['a', 'd']);
  });

  it('takes the next photos of all classes if they are to be balanced', async () => {
    expect(await take(viewOf('ann'), { isBalanced: true, count: 3 })).toBe('adf');
  });

  it.each([
    [{ confusion: 'n02' }, 'de'],
    [{ pMin: 0.03, pMax: 0.05 }, 'cde'],
    [{ source: 'flickr' }, ''],
    [{ flagged: true }, ''],
  ])('takes those that match %o', async (filter, expected) => {
    expect(await take(viewOf('ann'), { filter })).toBe(expected);
  });
});

describe('a blind second pass', () => {
  it('is asked of another reviewer, for all photos if the share is 1, and for none if it is 0', async () => {
    const all = namesOf([...PHOTOS].map(([name]) => photo(name)));
    await record(viewOf('ann', 1), verdict(all, 'accept', 'grid'));
    expect(await take(viewOf('ann', 1))).toBe('');
    expect(await take(viewOf('bob', 0))).toBe('');
    expect((await take(viewOf('bob', 1))).split('').toSorted().join('')).toBe('abcdefg');
  });

  it('shows nothing of the first verdict', async () => {
    await record(viewOf('ann', 1), verdict('f', 'reject'));
    await record(viewOf('ann', 1), { kind: 'flag', subjects: [photo('f')], value: { flagged: true } });
    const [row] = await shownRows(database.db, viewOf('bob', 1), [photo('f')]);
    expect(row).toMatchObject({ state: 'open', reason: null, waits: true, acceptedOfConfusion: 0 });
    expect(await statesOf(viewOf('bob', 1), { state: 'rejected' })).toBe('');
    expect(await statesOf(viewOf('bob', 1), { flagged: true })).toBe('');
    expect(await statesOf(viewOf('ann', 1), { state: 'rejected' })).toBe('f:rejected');
  });

  it('does not show in the quota of a confusion', async () => {
    await record(viewOf('ann', 1), verdict('fg', 'accept', 'grid'));
    const of = async (reviewer: string) => ({
      tiles: (await shownRows(database.db, viewOf(reviewer, 1), [photo('f')])).map((row) => row.acceptedOfConfusion),
      page: (await confusionProgress(database.db, viewOf(reviewer, 1), 'n02')).map(({ accepted }) => accepted),
      facets: (await countFacets(database.db, viewOf(reviewer, 1), { filter: { wnid: 'n02' }, cap: 15 })).confusions,
    });
    expect(await of('ann')).toMatchObject({ tiles: [2], page: [2], facets: [] });
    expect(await of('bob')).toMatchObject({ tiles: [0], page: [0], facets: [{ accepted: 0 }] });
  });

  it('counts for agreement as long as its reviewer has not seen the other verdict', async () => {
    const [ann, bob, cid] = [viewOf('ann', 0.1), viewOf('bob', 0.1), viewOf('cid', 0.1)];
    await record(ann, verdict('abcdefg', 'accept', 'grid'));
    const asked = await take(bob);
    expect(asked).not.toBe('');
    const first = await record(bob, verdict(asked.charAt(0), 'reject'));
    // Not asked for: the page shows what ann said.
    const other = 'abcdefg'.split('').find((name) => !asked.includes(name)) ?? '';
    await record(cid, verdict(other, 'accept'));
    // Changed where the page shows the dispute; and taken back, after which the photo waits again for a person who knows.
    await record(bob, verdict(asked.charAt(0), 'accept'));
    await record(bob, { kind: 'undo', of: { client: 'bob', sequence } });
    await takeBack(bob, 'undo', first);
    await record(bob, verdict(asked.charAt(0), 'accept'));
    const events = await collect(listEvents(database.db, listed.scope.collectionId));
    const blind = events.flatMap(({ kind, reviewer, value }) =>
      kind === 'verdict' ? [`${reviewer} ${value.isBlind}`] : [],
    );
    expect(blind.slice(7)).toEqual(['bob true', 'cid false', 'bob false', 'bob false']);
    expect(new Set(blind.slice(0, 7))).toEqual(new Set(['ann true']));
  });

  /** A verdict counts as blind if it was first given while the other one was hidden, and nothing was settled before. */
  it.each([
    ['ann accept, bob reject, bob undo, bob accept', 1, 'accept', 'reject'],
    ['ann accept, bob reject, ann undo, ann reject', 1, 'accept', 'reject'],
    ['ann accept, ann undo, bob reject, ann redo', 1, 'accept', 'reject'],
    ['ann accept, ann undo, bob reject, ann redo', 0, null, 'reject'],
    ['ann accept, bob settle, bob undo, bob accept', 1, 'accept', null],
  ])('counts verdicts after: %s', async (steps, secondPass, ...[ann, bob]) => {
    const last = new Map<string, { readonly sequence: number }>();
    for (const [name = '', what = ''] of steps.split(', ').map((step) => step.split(' '))) {
      const view = viewOf(name, secondPass);
      const value = { verdict: 'reject', reason: null } as const;
      const given = REVIEW_VERDICTS.find((one) => one === what);
      const change: ReviewChange =
        given === undefined ? { kind: 'adjudicate', subjects: [photo('f')], value } : verdict('f', given);
      const isTakenBack = what === 'undo' || what === 'redo';
      last.set(
        name,
        await (isTakenBack ? takeBack(view, what, last.get(name) ?? { sequence: 0 }) : record(view, change)),
      );
    }
    expect(await blindVerdictsOf('f')).toEqual({ ann, bob });
  });

  it('does not change the order of the photos, nor which are handed out, until both verdicts are given', async () => {
    const orders: string[] = [];
    for (const given of ['accept', 'reject', 'unsure'] as const) {
      await record(viewOf('ann', 1), verdict('abc', given));
      orders.push(await statesOf(viewOf('bob', 1), { wnid: 'n01' }, 'confusions'));
      orders.push(
        await take(viewOf('bob', 1), { filter: { wnid: 'n01' } }),
        await take(viewOf('bob', 1), { count: 0 }),
      );
    }
    expect(new Set(orders)).toEqual(new Set(['a:open d:open b:open e:open c:open', 'adbec', '']));
  });

  it('hides the tags of the first reviewer from the filter, as its verdict and its flag', async () => {
    await record(viewOf('ann', 1), verdict('f', 'reject'));
    await record(viewOf('ann', 1), { kind: 'tag', subjects: [photo('f')], value: { tags: ['blur'] } });
    expect(await statesOf(viewOf('bob', 1), { tag: 'blur' })).toBe('');
    expect(await statesOf(viewOf('ann', 1), { tag: 'blur' })).toBe('f:rejected');
  });

  it('is asked for a photo about which a reviewer is unsure, up to a third opinion', async () => {
    await record(viewOf('ann'), verdict('f', 'unsure'));
    expect(await take(viewOf('bob'), { filter: { wnid: 'n02' }, count: 1 })).toBe('f');
    await record(viewOf('bob'), verdict('f', 'accept'));
    expect(await take(viewOf('cid'), { filter: { wnid: 'n02' }, count: 1 })).toBe('f');
    await record(viewOf('cid'), verdict('f', 'reject'));
    expect(await take(viewOf('dee'), { filter: { wnid: 'n02' } })).toBe('g');
    expect(await statesOf(viewOf('dee'), { state: 'disputed' })).toBe('f:disputed');
  });

  it('is over for a photo that was adjudicated', async () => {
    await record(viewOf('ann', 1), verdict('f', 'unsure'));
    await record(viewOf('bob', 1), {
      kind: 'adjudicate',
      subjects: [photo('f')],
      value: { verdict: 'accept', reason: null },
    });
    expect(await statesOf(viewOf('cid', 1), { wnid: 'n02' })).toBe('f:accepted g:open');
  });
});

describe('actions', () => {
  it('that arrive twice, or twice at once, are stored once', async () => {
    const [first, again] = await Promise.all(
      [1, 1].map((n) => record(viewOf('ann'), verdict('abc', 'accept', 'grid'), n)),
    );
    const later = await record(viewOf('ann'), verdict('abc', 'accept', 'grid'), 1);
    expect([first, again, later].map((one) => one?.stored)).toEqual([3, 3, 3]);
    expect(await collect(listEvents(database.db, listed.scope.collectionId))).toHaveLength(3);
  });

  it('of a bulk decision leave to others what they hold or have decided', async () => {
    await record(viewOf('bob'), verdict('a', 'reject'));
    await take(viewOf('bob'), { count: 1, filter: { confusion: 'n02' } });
    const done = await record(viewOf('ann'), verdict('abcde', 'accept', 'grid'));
    expect(done).toMatchObject({ stored: 3, skipped: 2 });
    expect(await statesOf(viewOf('ann'), { wnid: 'n01' })).toBe('a:rejected b:accepted c:accepted d:open e:accepted');
  });

  it('of a bulk decision leave photos as they are that were settled', async () => {
    await record(viewOf('ann'), verdict('ab', 'accept', 'grid'));
    const value = { verdict: 'reject', reason: null } as const;
    await record(viewOf('bob'), { kind: 'adjudicate', subjects: [photo('a')], value });
    expect(await record(viewOf('ann'), verdict('abc', 'accept', 'grid'))).toMatchObject({ stored: 2, skipped: 1 });
    expect(await statesOf(viewOf('ann'), { wnid: 'n01' })).toContain('a:rejected');
  });

  it('of a bulk decision leave disputed photos as they are, also for those who dispute', async () => {
    await record(viewOf('ann'), verdict('ab', 'accept', 'grid'));
    await record(viewOf('bob'), verdict('a', 'reject'));
    for (const name of ['ann', 'bob', 'cem'])
      expect(await record(viewOf(name), verdict('ag', 'unsure', 'grid'))).toMatchObject({ stored: 1, skipped: 1 });
    expect(await statesOf(viewOf('ann'), { wnid: 'n01' })).toContain('a:disputed b:accepted');
  });

  it('that are taken back leave their photo to the tab, until it takes others', async () => {
    const done = await record(viewOf('ann'), verdict('a', 'accept'));
    await takeBack(viewOf('ann'), 'undo', done);
    expect(await take(viewOf('bob'))).toBe('dbecfg');
    expect(await record(viewOf('bob'), verdict('ab', 'reject', 'grid'))).toMatchObject({ stored: 1, skipped: 1 });
    await take(viewOf('ann'), { count: 0 });
    expect(await take(viewOf('bob'), { filter: { wnid: 'n01' }, held: [] })).toContain('a');
  });

  it('are listed with the fields of their kind only', async () => {
    const done = await record(viewOf('ann'), verdict('a', 'accept'));
    await record(viewOf('ann'), { kind: 'note', subjects: [photo('a')], value: { note: 'blurred' } });
    await takeBack(viewOf('ann'), 'undo', done);
    const common = ['at', 'client', 'kind', 'photos', 'sequence', 'subject'];
    const actions = await recentActions(database.db, { collectionId: listed.scope.collectionId, reviewer: 'ann' }, 10);
    expect(actions.map((action) => Object.keys(action).toSorted())).toEqual([
      [...common, 'value'],
      common,
      [...common, 'of'].toSorted(),
    ]);
  });

  it('are kept of a third person who was asked while the first had taken back a verdict', async () => {
    const [ann, bob, cem] = ['ann', 'bob', 'cem'].map((name) => viewOf(name, 1)) as [DeskView, DeskView, DeskView];
    const done = await record(ann, verdict('g', 'accept'));
    expect(await take(bob, { filter: { wnid: 'n02' }, from: 'n02' })).toContain('g');
    await takeBack(ann, 'undo', done);
    await record(bob, verdict('g', 'accept'));
    expect(await take(cem, { filter: { wnid: 'n02' }, from: 'n02' })).toContain('g');
    expect(await record(ann, verdict('g', 'reject'))).toMatchObject({ stored: 1 });
    expect(await record(cem, verdict('g', 'accept'))).toMatchObject({ stored: 1 });
  });

  it('of a bulk decision that are done again leave out what others have or have decided since', async () => {
    const done = await record(viewOf('ann'), verdict('abcd', 'accept', 'grid'));
    const undone = await takeBack(viewOf('ann'), 'undo', done);
    await record(viewOf('bob'), verdict('a', 'reject'));
    await take(viewOf('bob'), { count: 1, filter: { confusion: 'n02' } });
    const redone = await takeBack(viewOf('ann'), 'redo', undone);
    expect(redone).toMatchObject({ stored: 2, skipped: 2 });
    expect(await statesOf(viewOf('ann'), { wnid: 'n01' })).toBe('a:rejected b:accepted c:accepted d:open e:open');
    await takeBack(viewOf('ann'), 'undo', done);
    expect(await statesOf(viewOf('ann'), { wnid: 'n01' })).toBe('a:rejected b:open c:open d:open e:open');
  });

  it('on one photo are done again, whatever another reviewer has decided since', async () => {
    const done = await record(viewOf('ann'), verdict('a', 'accept'));
    const undone = await takeBack(viewOf('ann'), 'undo', done);
    await record(viewOf('bob'), verdict('a', 'reject'));
    await takeBack(viewOf('ann'), 'redo', undone);
    expect(await statesOf(viewOf('ann'), { wnid: 'n01' })).toContain('a:disputed');
  });

  it('that two tabs undo are undone once, so one redo brings them back', async () => {
    const done = await record(viewOf('ann'), verdict('a', 'accept'));
    const of = { client: 'ann', sequence: done.sequence };
    const undone = await record(viewOf('ann'), { kind: 'undo', of });
    expect(await record(viewOf('ann'), { kind: 'undo', of })).toMatchObject({ stored: 0 });
    await takeBack(viewOf('ann'), 'redo', undone);
    expect(await statesOf(viewOf('ann'), { state: 'accepted' })).toBe('a:accepted');
  });

  it("with the number of another reviewer's action are refused", async () => {
    const action = { ...verdict('a', 'accept'), sequence: 1, at: new Date().toISOString() };
    await recordAction(database.db, viewOf('ann'), { client: 'tab', action, leaseMs: 60_000 });
    await expect(recordAction(database.db, viewOf('bob'), { client: 'tab', action, leaseMs: 60_000 })).rejects.toThrow(
      /another reviewer/,
    );
  });

  it('with the number of another action of their reviewer are refused, and the first one stays', async () => {
    await record(viewOf('ann'), verdict('abc', 'accept', 'grid'), 1);
    const tagged = await record(viewOf('ann'), { kind: 'tag', subjects: [photo('a')], value: { tags: ['blur'] } }, 2);
    await record(viewOf('ann'), { kind: 'undo', of: { client: 'ann', sequence: tagged.sequence } }, 3);
    const others: readonly (readonly [ReviewChange, number])[] = [
      [verdict('abc', 'reject', 'grid'), 1],
      [verdict('abc', 'accept', 'lowest'), 1],
      [verdict('ab', 'accept', 'grid'), 1],
      [verdict('d', 'accept'), 2],
      [{ kind: 'tag', subjects: [photo('a')], value: { tags: ['crop'] } }, 2],
      [{ kind: 'undo', of: { client: 'ann', sequence: 1 } }, 3],
    ];
    for (const [change, number] of others)
      await expect(record(viewOf('ann'), change, number)).rejects.toMatchObject({ code: 'sequence-taken' });
    expect(await collect(listEvents(database.db, listed.scope.collectionId))).toHaveLength(5);
    // Part of a bulk action may have been left to others.
    expect(await record(viewOf('ann'), verdict('abcd', 'accept', 'grid'), 1)).toMatchObject({ stored: 3, skipped: 1 });
  });

  it('of another reviewer cannot be undone, and an undo only by a redo', async () => {
    const done = await record(viewOf('ann'), verdict('a', 'accept'));
    const of = { client: 'ann', sequence: done.sequence };
    expect(await record(viewOf('bob'), { kind: 'undo', of })).toMatchObject({ stored: 0 });
    await expect(record(viewOf('ann'), { kind: 'redo', of })).rejects.toThrow(/Expected an undo to redo/);
    expect(await statesOf(viewOf('ann'), { state: 'accepted' })).toBe('a:accepted');
  });

  it('on photos that the collection never listed are skipped', async () => {
    const done = await record(viewOf('ann'), {
      ...verdict('a', 'accept'),
      subjects: [{ ...photo('a'), wnid: 'n02' }],
    } as ReviewChange);
    expect(done).toMatchObject({ stored: 0, skipped: 1 });
  });
});

it('the progress of a class counts what the reviewer may see', async () => {
  await record(viewOf('ann', 0.1), verdict('abcde', 'accept', 'grid'));
  const [ann] = await classProgress(database.db, viewOf('ann', 0.1), null);
  const [bob] = await classProgress(database.db, viewOf('bob', 0.1), null);
  expect(ann).toEqual({ wnid: 'n01', listed: 5, open: 0, accepted: 5, rejected: 0, unsure: 0, disputed: 0 });
  expect(bob).toEqual({ wnid: 'n01', listed: 5, open: 1, accepted: 4, rejected: 0, unsure: 0, disputed: 0 });
});
