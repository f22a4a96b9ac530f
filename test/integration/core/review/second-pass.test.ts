import { sql, type Kysely } from 'kysely';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import { up } from '../../../../src/core/platform/postgres/migrations/0012-second-pass-draw.ts';
import { readAcceptance } from '../../../../src/core/review/acceptance/read-acceptance.process.ts';
import type { ReviewVerdict, Subject } from '../../../../src/core/review/events/event.ts';
import { recordAction } from '../../../../src/core/review/events/record-action.process.ts';
import { listReviewed } from '../../../../src/core/review/events/review.repository.ts';
import { takePhotos } from '../../../../src/core/review/desk/take-photos.process.ts';
import { collect } from '../../../support/collect.ts';
import { useDatabase } from '../../../support/database.ts';
import { useListedPhotos, type PhotoToList } from './listed-photos.ts';

const database = useDatabase();
/** 40 classes of one photo, and one of three. */
const PHOTOS: readonly PhotoToList[] = Array.from({ length: 43 }, (_, i) => [
  `photo ${i}`,
  i < 40 ? `n${100 + i}` : 'n500',
  'n03',
  0.01,
]);
const WNIDS = [...new Set(PHOTOS.map(([, wnid]) => wnid))];
const listed = useListedPhotos(database, PHOTOS);

async function accept(subjects: readonly Subject[]): Promise<void> {
  await judge('ann', subjects, 'accept');
}

const judge = given('verdict');
/** Settles disputes. */
const settle = given('adjudicate');

function given(kind: 'verdict' | 'adjudicate') {
  return async (reviewer: string, subjects: readonly Subject[], verdict: ReviewVerdict): Promise<void> => {
    const reason = verdict === 'reject' ? 'wrong-class' : null;
    const value = { verdict, reason, shownBy: 'confusions' } as const;
    for (const [i, subject] of subjects.entries()) {
      const action = {
        kind,
        subjects: [subject],
        value,
        sequence: i + 1,
        at: new Date().toISOString(),
      } as const;
      const client = `${reviewer} ${kind} ${verdict}`;
      await recordAction(database.db, listed.viewOf(reviewer, 1), { client, action, leaseMs: 60_000 });
    }
  };
}

/** The photos that bob is shown after ann has accepted all. */
async function drawnFor(share: number): Promise<string[]> {
  const request = { client: 'bob', order: 'confusions', filter: {}, count: 100, held: [], leaseMs: 60_000 } as const;
  const { photos } = await takePhotos(database.db, listed.viewOf('bob', share), request);
  return photos.map(({ sha256 }) => sha256);
}

const chances = async (secondPass: number): Promise<Map<string, number | null>> => {
  const filter = { wnids: WNIDS, secondPass };
  const reviewed = await collect(listReviewed(database.db, listed.scope.collectionId, filter));
  return new Map(reviewed.map(({ sha256, chance }) => [sha256, chance]));
};

describe('the draw for the second pass', () => {
  it('takes each photo with the same chance, so that of 43 photos in 41 classes about a tenth is drawn', async () => {
    await accept(PHOTOS.map(([name]) => listed.photo(name)));
    const tenth = await drawnFor(0.1);
    expect(tenth.length).toBeGreaterThan(0);
    expect(tenth.length).toBeLessThan(12);
    const drawn = [...(await chances(0.1))].filter(([, chance]) => chance !== null);
    expect(drawn.map(([, chance]) => chance)).toEqual(tenth.map(() => 0.1));
    expect(drawn.map(([sha256]) => sha256).toSorted()).toEqual(tenth.toSorted());
  });

  it('contains the draw of a smaller share, all photos at 1 and none at 0', async () => {
    await accept(PHOTOS.map(([name]) => listed.photo(name)));
    const sizes: number[] = [];
    let before: string[] = [];
    for (const share of [0, 0.2, 0.5, 1]) {
      const drawn = [...(await chances(share))].filter(([, chance]) => chance !== null).map(([sha256]) => sha256);
      expect(before.filter((sha256) => !drawn.includes(sha256))).toEqual([]);
      sizes.push(drawn.length);
      before = drawn;
    }
    expect([sizes[0], sizes[3]]).toEqual([0, 43]);
  });

  it('stays as it was for photos that were reviewed while it was made in each class, and knows their chance', async () => {
    const three = PHOTOS.slice(40).map(([name]) => listed.photo(name));
    await accept(three.slice(0, 2));
    await sql`alter table verdict drop column draw_place, drop column draw_of`.execute(database.db);
    await up(database.db as Kysely<unknown>);
    const { rows } = await sql`
      select encode(sha256, 'hex') as sha256, draw_place as place, draw_of as photos from verdict order by sha256`.execute(
      database.db,
    );
    const placeOf = ({ sha256 }: Subject): number =>
      three
        .map((one) => one.sha256)
        .toSorted()
        .indexOf(sha256) + 1;
    const reviewed = three.slice(0, 2).map((one) => ({ sha256: one.sha256, place: placeOf(one), photos: 3 }));
    expect(rows).toEqual(reviewed.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1)));
    const found = await chances(0.4);
    // Two of three: 0.4 of them, rounded up.
    for (const one of three.slice(0, 2)) expect(found.get(one.sha256)).toBe(placeOf(one) <= 2 ? 2 / 3 : null);
  });
});

describe('the inspection of accepted photos', () => {
  it('counts those that the second pass drew and finished as wrong by their final state, and leaves out disputes', async () => {
    const all = PHOTOS.map(([name]) => listed.photo(name));
    await judge('ann', all.slice(3), 'accept');
    await judge('ann', all.slice(0, 3), 'reject');
    await judge('bob', all.slice(8, 20), 'accept');
    await judge('bob', all.slice(5, 8), 'reject');
    await judge('bob', all.slice(20, 21), 'unsure');
    await settle('cat', all.slice(5, 6), 'reject');
    await settle('cat', all.slice(6, 7), 'accept');
    const { config } = await loadConfig();
    const app = { db: database.db, config: { ...config, review: { ...config.review, secondPass: 1 } } };
    const acceptance = await readAcceptance({ app, scope: listed.scope });
    expect(acceptance).toMatchObject({ accepted: 40, pending: 24, wrong: 1, sampled: 14, unsettled: 2 });
  });
});
