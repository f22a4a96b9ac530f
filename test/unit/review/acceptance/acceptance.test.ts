import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { describe, expect, it } from 'vitest';
import { acceptanceStateText, labelErrorText } from '../../../../src/kernel/acceptance.ts';
import { acceptanceOf, type InspectedPhoto } from '../../../../src/review/acceptance/acceptance.ts';

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

  it('says that a sample is not complete, and what draws more photos', () => {
    const inspected = photosOf(30, 0);
    const [some, none] = [7, 0].map((pending) => acceptanceOf({ photos: 300, pending, inspected }, PLAN));
    expect([some, none].map((one) => one && acceptanceStateText(one))).toEqual([
      'open: it may pass if 31 more photos are inspected (review.secondPass draws more) and none is wrong. 7 drawn photos still to be inspected',
      'open: it may pass if 31 more photos are inspected (review.secondPass draws more) and none is wrong',
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
