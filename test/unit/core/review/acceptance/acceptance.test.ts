import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { describe, expect, it } from 'vitest';
import { acceptanceStateText, labelErrorText, type AcceptancePlan } from '../../../../../src/core/kernel/acceptance.ts';
import {
  acceptanceOf,
  SecondPassSample,
  type InspectedPhoto,
} from '../../../../../src/core/review/acceptance/acceptance.ts';
import { planInForce } from '../../../../../src/core/review/acceptance/plan.ts';
import { sha256Of } from '../../../../support/sha256.ts';

/** Classes of some photos, of which a first look accepted all and a second one would reject a share. */
interface Population {
  readonly name: string;
  readonly classes: readonly { readonly count: number; readonly photos: number; readonly wrong: number }[];
  /** The draw until migration 0012: of each class a tenth, rounded up. Otherwise each photo has the chance of a tenth. */
  readonly byClass: boolean;
}

const SMALL_AND_LARGE = [
  { count: 120, photos: 3, wrong: 0.2 },
  { count: 30, photos: 60, wrong: 0.04 },
];
const POPULATIONS: readonly Population[] = [
  { name: '120 classes of 3 and 30 of 60', classes: SMALL_AND_LARGE, byClass: false },
  { name: '120 classes of 3 and 30 of 60, drawn in each class', classes: SMALL_AND_LARGE, byClass: true },
  { name: 'one class', classes: [{ count: 1, photos: 300, wrong: 0.1 }], byClass: false },
  { name: 'a small class', classes: [{ count: 1, photos: 60, wrong: 0.1 }], byClass: false },
  { name: 'rare errors', classes: [{ count: 10, photos: 200, wrong: 0.002 }], byClass: false },
];

/** True if the interval of one draw contains the share of wrong photos. */
function covers({ classes, byClass }: Population, random: RandomGenerator): boolean {
  const isBelow = (share: number): boolean => uniformFloat64(random) < share;
  const all: { isWrong: boolean; isDrawn: boolean; chance: number }[] = [];
  for (const { count, photos, wrong } of classes) {
    for (let i = 0; i < count; i += 1) {
      // The photos of a class are in no order, so that its first ones are as good as those of the lowest hashes.
      const first = byClass ? Math.ceil(photos / 10) : 0;
      const chance = byClass ? first / photos : 0.1;
      for (let place = 0; place < photos; place += 1)
        all.push({ isWrong: isBelow(wrong), isDrawn: byClass ? place < first : isBelow(chance), chance });
    }
  }
  const inspected = all.filter(({ isDrawn }) => isDrawn);
  const { labelErrorLow: low, labelErrorHigh: high } = acceptanceOf(
    { pending: 0, photos: all.length, inspected },
    NO_PLAN,
  );
  const truth = all.filter(({ isWrong }) => isWrong).length / all.length;
  return low === null || high === null || (low <= truth && truth <= high);
}

const NO_PLAN = { maxLabelError: null, confidence: 0.95 };
const PLAN = { maxLabelError: 0.05, confidence: 0.95 };
const photosOf = (right: number, wrong: number, chance = 0.1): InspectedPhoto[] => [
  ...Array.from({ length: right }, () => ({ isWrong: false, chance })),
  ...Array.from({ length: wrong }, () => ({ isWrong: true, chance })),
];

describe('acceptanceOf', () => {
  it.each([
    ['pass', 300, 100, 1, 0],
    ['open', 300, 30, 0, 31],
    ['open', 2_000, 50, 1, 56],
    ['fail', 2_000, 200, 25, 0],
    ['pass', 2_000, 200, 3, 0],
  ] as const)('says %s for %d accepted photos, %d inspected and %d wrong, and how many more to inspect', (...given) => {
    // scipy: the largest K with hypergeom.cdf(wrong, N, K, n) > 0.025, and the least n + more for which it is at most 5 %.
    const [state, photos, size, wrong, morePhotos] = given;
    const acceptance = acceptanceOf({ pending: 0, photos, inspected: photosOf(size - wrong, wrong) }, PLAN);
    expect(acceptance).toMatchObject({ state, accepted: photos, sampled: size, wrong, morePhotos, ...PLAN });
  });

  it.each([
    [
      'passes a set whose upper limit is the largest label error that is allowed',
      30,
      photosOf(27, 3, 1),
      3 / 30,
      'pass',
    ],
    ['leaves a set open whose lower limit is that', 40, photosOf(8, 2, 0.25), 2 / 40, 'open'],
  ] as const)('%s', (...[, photos, inspected, maxLabelError, state]) => {
    const acceptance = acceptanceOf({ pending: 0, photos, inspected }, { ...PLAN, maxLabelError });
    const { labelErrorLow: low, labelErrorHigh: high } = acceptance;
    expect([state === 'pass' ? high : low, acceptance.state]).toEqual([maxLabelError, state]);
  });

  it('says that a sample is not complete, and what draws more photos', () => {
    const inspected = photosOf(30, 0);
    const [some, none] = [7, 0].map((pending) =>
      acceptanceOf({ photos: 300, pending, inspected }, { ...PLAN, looks: 2 }),
    );
    expect([some, none].map((one) => one && acceptanceStateText(one))).toEqual([
      'open: it may pass if 41 more photos are inspected (review.secondPass draws more) and none is wrong. 7 drawn photos still to be inspected',
      'open: it may pass if 41 more photos are inspected (review.secondPass draws more) and none is wrong',
    ]);
  });

  it('stays open while an inspected photo is disputed, and does not count it', () => {
    const inspected = [...photosOf(99, 1), { isWrong: null, chance: 0.1 }];
    const acceptance = acceptanceOf({ pending: 0, photos: 300, inspected }, PLAN);
    expect(acceptance).toMatchObject({ state: 'open', sampled: 100, unsettled: 1, morePhotos: 0 });
    expect(acceptanceStateText(acceptance)).toBe('open: 1 inspected photo disputed or waiting for a third verdict');
  });

  it('has an estimate, and no state, without a plan; and no estimate without an inspected photo', () => {
    const acceptance = acceptanceOf({ pending: 0, photos: 40, inspected: photosOf(8, 2, 0.25) }, NO_PLAN);
    // scipy: the least and the largest K with hypergeom.sf(1, 40, K, 10) and hypergeom.cdf(2, 40, K, 10) above 0.025.
    const limits = { labelError: 0.2, labelErrorLow: 2 / 40, labelErrorHigh: 20 / 40 };
    expect(acceptance).toMatchObject({ state: 'none', ...limits });
    expect([labelErrorText(acceptance), acceptanceStateText(acceptance)]).toEqual([
      '20.0 % (5.0 % to 50.0 % with 95.0 % confidence): 2 of 10 inspected photos wrong; a first look accepted 40',
      null,
    ]);
    expect(acceptanceOf({ pending: 0, photos: 30, inspected: [] }, PLAN)).toMatchObject({
      state: 'open',
      labelError: null,
      look: null,
    });
    expect(acceptanceOf({ pending: 0, photos: 0, inspected: [] }, PLAN)).toMatchObject({
      state: 'open',
      morePhotos: 0,
    });
  });

  it('is certain if all photos were inspected, and lets a photo of half the chance count twice', () => {
    const all = acceptanceOf({ pending: 0, photos: 30, inspected: photosOf(27, 3, 1) }, NO_PLAN);
    expect(all).toMatchObject({ labelError: 0.1, labelErrorLow: 0.1, labelErrorHigh: 0.1 });
    const inspected = [...photosOf(8, 8, 0.5), ...photosOf(8, 0, 0.25)];
    expect(acceptanceOf({ pending: 0, photos: 100, inspected }, NO_PLAN)).toMatchObject({
      sampled: 24,
      wrong: 8,
      labelError: 0.25,
    });
  });

  it.each(POPULATIONS)('has an interval that contains the truth in at least 93 % of samples: $name', (population) => {
    const random = xoroshiro128plus(1);
    const isCovered = Array.from({ length: 400 }, () => covers(population, random));
    expect(isCovered.filter(Boolean).length / isCovered.length).toBeGreaterThanOrEqual(0.93);
  });
});

describe('an inspection with looks', () => {
  const plan = { ...PLAN, looks: 2 };
  const counts = { photos: 300, pending: 0, unfinished: 0, inspected: photosOf(100, 0) };

  it('is open while a listed photo lacks a verdict or is disputed, with its estimate and limits', () => {
    const open = acceptanceOf({ ...counts, unfinished: 3 }, { ...plan, look: null });
    expect(acceptanceOf({ ...counts, unfinished: 3 }, { ...plan, look: 2 })).toEqual(open);
    expect(open).toMatchObject({ state: 'open', unfinished: 3, look: null, labelError: 0, labelErrorLow: 0 });
    expect(open.labelErrorHigh).toBe(acceptanceOf(counts, plan).labelErrorHigh);
    expect(acceptanceStateText(open)).toBe('open: 3 listed photos without a verdict that is wanted, or disputed');
    const decided = acceptanceOf(counts, { ...plan, look: 2 });
    expect(decided).toMatchObject({ state: 'pass', looks: 2, look: 2 });
    expect([labelErrorText(decided), acceptanceStateText(decided)]).toEqual([
      '0.0 % (0.0 % to 3.3 % with 95.0 % confidence over 2 looks): 0 of 100 inspected photos wrong; a first look accepted 300',
      'passed: at most 5.0 % of the photos are wrong, with 95.0 % confidence (look 2 of 2)',
    ]);
  });

  it('decides nothing after the last look, or under another limit or confidence than the stored ones', () => {
    const stored = { ...plan, draw: 1, taken: ['a', 'b'] };
    const place = (settings: AcceptancePlan, seen: string | null) => planInForce(stored, settings, seen);
    expect(place(plan, 'b')).toMatchObject({ look: 2, drawAgain: null });
    expect(place(plan, 'c')).toMatchObject({ look: null, drawAgain: 'looks-used' });
    expect(place(plan, null)).toMatchObject({ look: null, drawAgain: null });
    for (const change of [{ maxLabelError: 0.06 }, { confidence: 0.9 }])
      expect(place({ ...plan, ...change }, 'b')).toMatchObject({ ...plan, look: 2, drawAgain: 'plan-changed' });
    // More looks that are set later do not count, and no limit in the settings leaves the stored one.
    expect(place({ ...plan, looks: 9 }, 'c')).toMatchObject({ looks: 2, drawAgain: 'looks-used' });
    expect(place({ maxLabelError: null, confidence: 0.5, looks: 1 }, 'a')).toMatchObject({ ...plan, look: 1 });
    const changed = acceptanceOf(counts, { ...plan, look: 2, drawAgain: 'plan-changed' });
    expect(acceptanceOf(counts, { ...plan, look: 3 })).toMatchObject({ state: 'open', look: null });
    expect([changed.state, acceptanceStateText(changed)]).toEqual([
      'open',
      'open: the plan of draw 1 is at most 5.0 % with 95.0 % confidence, and review.acceptance differs. Set it back, or winnow acceptance --draw draws other photos for the second pass, and only these decide',
    ]);
  });

  it('is about the photos that its draw could take', () => {
    const { accepted, inspectedBefore, labelErrorHigh } = acceptanceOf({ ...counts, before: 80 }, plan);
    expect([accepted, inspectedBefore]).toEqual([300, 80]);
    expect(labelErrorHigh).toBe(acceptanceOf({ ...counts, photos: 220 }, plan).labelErrorHigh);
  });

  it.each([1, 5, 20])('passes at most 2.5 % of the sets just above the limit at any of %d looks', (looks) => {
    expect(passedOf({ looks, corrected: true })).toBeLessThanOrEqual(0.025 + 3 * Math.sqrt((0.025 * 0.975) / RUNS));
  });

  it('would pass 10 % of them at any of 20 looks, if each was read as the only one', () => {
    expect(passedOf({ looks: 20, corrected: false })).toBeGreaterThan(0.08);
  });
});

const RUNS = 2_000;
const PHOTOS = 2_000;
const WRONG = 101;
const MOST_INSPECTED = 1_000;

/** The share of sets with 5.05 % wrong photos that pass a limit of 5 % at any of some looks, after equally many photos each. */
function passedOf({ looks, corrected }: { readonly looks: number; readonly corrected: boolean }): number {
  const random = xoroshiro128plus(7);
  const known = new Map<string, boolean>();
  const passes = (size: number, wrong: number): boolean => {
    const key = `${size} ${wrong}`;
    const counts = () => ({ photos: PHOTOS, pending: 0, inspected: photosOf(size - wrong, wrong) });
    const passed = known.get(key) ?? acceptanceOf(counts(), { ...PLAN, looks: corrected ? looks : 1 }).state === 'pass';
    known.set(key, passed);
    return passed;
  };
  const passesOnce = (): boolean => {
    let wrong = 0;
    for (let size = 1; size <= MOST_INSPECTED; size += 1) {
      if (uniformInt(random, 0, PHOTOS - size) < WRONG - wrong) wrong += 1;
      if (size % (MOST_INSPECTED / looks) === 0 && passes(size, wrong)) return true;
    }
    return false;
  };
  return Array.from({ length: RUNS }, passesOnce).filter(Boolean).length / RUNS;
}

describe('the photos of a look', () => {
  const photo = (name: string, state: 'accepted' | 'rejected', chance: number | null = 1) => ({
    sha256: sha256Of(name),
    wnid: 'n01',
    state,
    decidedBy: 'agreement' as const,
    isListed: true,
    chance,
    reviews: [
      { verdict: 'accept', blindVerdict: 'accept' } as const,
      ...(chance === null ? [] : [{ verdict: 'accept', blindVerdict: 'accept' } as const]),
    ],
  });
  const seenIn = (photos: readonly ReturnType<typeof photo>[]): string | null => {
    const inspection = new SecondPassSample();
    for (const one of photos) inspection.add(one);
    return inspection.seen;
  };

  it('are the same in any order, and others if one is accepted, inspected or settled in another way', () => {
    const photos = [photo('a', 'accepted'), photo('b', 'accepted', null), photo('c', 'rejected')];
    const [a, b, c] = photos;
    const others = [
      [a, b],
      [a, b, { ...photo('c', 'accepted') }],
      [a, photo('b', 'accepted'), c],
      [...photos, photo('d', 'accepted', null)],
    ].map((list) => seenIn(list.filter((one) => one !== undefined)));
    expect(seenIn(photos.toReversed())).toBe(seenIn(photos));
    expect(new Set([seenIn(photos), ...others]).size).toBe(5);
    expect(seenIn([...photos, { ...photo('e', 'accepted'), isListed: false }])).toBe(seenIn(photos));
  });

  it('are none while a photo waits, is disputed, or none is inspected', () => {
    const first = photo('a', 'accepted');
    const waiting = { ...first, reviews: first.reviews.slice(0, 1) };
    expect(seenIn([photo('b', 'accepted'), waiting])).toBeNull();
    expect(seenIn([{ ...first, chance: null }])).toBeNull();
  });
});
