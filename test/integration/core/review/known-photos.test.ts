import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import type { DecisionScope } from '../../../../src/core/models/workspace/scope.ts';
import {
  isOpenToReview,
  mayKnow,
  openBlindReviews,
  type DeskView,
} from '../../../../src/core/review/desk/known-photos.repository.ts';
import { recordAction } from '../../../../src/core/review/events/record-action.process.ts';
import { buildShortlist } from '../../../../src/core/shortlist/make-shortlist.process.ts';
import { candidate, collection, decideAs, dropped, fetched, kept } from '../../../support/catalogue-fixtures.ts';
import { useDatabase } from '../../../support/database.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { useListedPhotos } from './listed-photos.ts';

const database = useDatabase();
const WNID = 'n01';
/** The collection of the test lists a and b. The other one lists a, leaves out b, has the control c, and does not know d. */
const NAMES = ['a', 'b', 'c', 'd'] as const;
type Name = (typeof NAMES)[number];

const listed = useListedPhotos(database, [
  ['a', WNID, 'n03', 0.01],
  ['b', WNID, 'n03', 0.02],
]);
const ids: Partial<Record<Name, number>> = {};
let other: DecisionScope;

/** Lists the photos of a collection, with or without a control in each class. */
async function list(scope: DecisionScope, cap: number, controls: number): Promise<void> {
  const policy = { cap, nearDuplicateDistance: 0, nearDuplicateCosine: null, controls };
  await buildShortlist(database.db, scope, { policy, backboneId: null });
}

async function idOf(name: Name): Promise<number> {
  const sha256 = Buffer.from(sha256Of(name), 'hex');
  const photo = database.db.selectFrom('photo').select('id').where('sha256', '=', sha256);
  return (await photo.executeTakeFirstOrThrow()).id;
}

beforeEach(async () => {
  const { db } = database;
  for (const name of ['c', 'd']) await fetched(db, [candidate(name, { wnid: WNID })], name);
  for (const name of NAMES) ids[name] = await idOf(name);
  other = await collection(db, 'other');
  const { a = 0, b = 0, c = 0 } = ids;
  const decisions = [kept(a, WNID, { maxTrueProb: 0.01 }), kept(b, WNID, { maxTrueProb: 0.02 }), dropped(c, WNID)];
  await decideAs(db, other, decisions);
  await list(other, 1, 1);
});

const view = (changes: Partial<DeskView> = {}): DeskView => ({ ...listed.viewOf('ann'), ...changes });

let sequence = 0;
async function accept(reviewer: string, names: string, scope: DecisionScope): Promise<void> {
  for (const name of names) {
    const action = {
      kind: 'verdict',
      subjects: [{ sha256: sha256Of(name), wnid: WNID }],
      value: { verdict: 'accept', reason: null, shownBy: 'confusions' },
      sequence: (sequence += 1),
      at: new Date().toISOString(),
    } as const;
    const sent = { client: reviewer, action, leaseMs: 60_000 };
    expect(await recordAction(database.db, view({ reviewer, scope }), sent)).toMatchObject({ stored: 1 });
  }
}

/** The photos about which the reviewer may know what the models say. */
async function known(changes: Partial<DeskView> = {}): Promise<string> {
  const may = await Promise.all(NAMES.map((name) => mayKnow(database.db, view(changes), sha256Of(name))));
  return NAMES.filter((_, i) => may[i]).join('');
}

describe('while another collection with controls is reviewed', () => {
  it('its listed photos and controls are hidden, each until the reviewer has judged it there', async () => {
    expect(await openBlindReviews(database.db, view())).toEqual([other.collectionId]);
    expect(await known()).toBe('bd');
    await accept('ann', 'ab', listed.scope);
    expect(await known()).toBe('bd');
    await accept('ann', 'c', other);
    expect([await known(), await known({ reviewer: 'bob' })]).toEqual(['bcd', 'bd']);
    await accept('ann', 'a', other);
    expect([await openBlindReviews(database.db, view()), await known()]).toEqual([[], 'abcd']);
  });

  it('nothing is hidden once others have given the verdicts that it wants', async () => {
    await accept('bob', 'ac', other);
    expect(await known()).toBe('abcd');
    expect(await known({ secondPass: 1 })).toBe('bd');
    const bob = { secondPass: 1, reviewer: 'bob' };
    expect([await openBlindReviews(database.db, view(bob)), await known(bob)]).toEqual([[], 'abcd']);
  });
});

it('a collection without controls hides nothing from reviewers of another one', async () => {
  await list(other, 1, 0);
  expect([await openBlindReviews(database.db, view()), await known()]).toEqual([[], 'abcd']);
});

it('a collection with controls whose review is not blind hides none of its own photos', async () => {
  await list(other, 1, 0);
  const { c = 0 } = ids;
  await decideAs(database.db, listed.scope, [dropped(c, WNID)]);
  await list(listed.scope, 15, 1);
  expect([await openBlindReviews(database.db, view()), await known()]).toEqual([[], 'abcd']);
});

it('a blind review hides every photo until the reviewer has judged it there, also those that it does not list', async () => {
  const blind = { isBlind: true };
  const state = async () => [
    await isOpenToReview(database.db, view(blind)),
    await openBlindReviews(database.db, view(blind)),
    await known(blind),
  ];
  const own = [listed.scope.collectionId];
  await accept('ann', 'ac', other);
  expect(await state()).toEqual([true, own, '']);
  expect(await isOpenToReview(database.db, view())).toBe(false);
  await accept('ann', 'a', listed.scope);
  expect(await state()).toEqual([true, own, 'a']);
  await accept('ann', 'b', listed.scope);
  expect(await state()).toEqual([false, [], 'abcd']);
  expect(await known({ ...blind, reviewer: 'bob' })).toBe('abcd');
});

it('a photo that has left the list of a blind review is known only to reviewers who have judged it', async () => {
  await accept('ann', 'ac', other);
  await accept('bob', 'b', listed.scope);
  const { collectionId } = listed.scope;
  await sql`delete from decision where collection_id = ${collectionId} and photo_id = ${ids.b}`.execute(database.db);
  await list(listed.scope, 15, 0);
  const blind = { isBlind: true };
  expect([await known(blind), await known({ ...blind, reviewer: 'bob' })]).toEqual(['', 'b']);
});

it('the photo of an open question of a quiz is hidden from its person, and no other photo is', async () => {
  await list(other, 1, 0);
  expect(await known({ asked: [ids.d ?? 0] })).toBe('abc');
});
