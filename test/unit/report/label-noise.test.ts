import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { describe, expect, it } from 'vitest';
import { labelNoiseOf, type DrawnPhoto } from '../../../src/report/label-noise.ts';
import { REVIEW_VERDICTS, type ReviewVerdict } from '../../../src/review/events/event.ts';

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
  const drawn = all.flatMap(({ isWrong, isDrawn, chance }) =>
    isDrawn ? [{ second: isWrong ? ('reject' as const) : ('accept' as const), chance }] : [],
  );
  const { low, high } = labelNoiseOf({ photos: all.length, drawn }, 'A');
  const truth = all.filter(({ isWrong }) => isWrong).length / all.length;
  return low === null || high === null || (low <= truth && truth <= high);
}

describe('labelNoiseOf', () => {
  const drawn = (verdicts: Partial<Record<ReviewVerdict, number>>, chance: number): DrawnPhoto[] =>
    REVIEW_VERDICTS.flatMap((second) => Array.from({ length: verdicts[second] ?? 0 }, () => ({ second, chance })));

  it('is the share of drawn photos that a second look rejects, with exact limits, and counts the unsure ones apart', () => {
    const noise = labelNoiseOf({ photos: 40, drawn: drawn({ accept: 7, reject: 2, unsure: 1 }, 0.25) }, 'A');
    expect(noise).toMatchObject({ accepted: 40, photos: 10, wrong: 2, unsure: 1, share: 0.2 });
    // scipy: the least and the largest K with hypergeom.sf(1, 40, K, 10) and hypergeom.cdf(2, 40, K, 10) above 0.025.
    expect([noise.low, noise.high]).toEqual([2 / 40, 20 / 40]);
  });

  it('lets a photo that was drawn with half the chance count twice', () => {
    const noise = labelNoiseOf(
      { photos: 100, drawn: [...drawn({ accept: 8, reject: 8 }, 0.5), ...drawn({ accept: 8 }, 0.25)] },
      'A',
    );
    expect(noise).toMatchObject({ photos: 24, wrong: 8, share: 0.25 });
  });

  it('is not known if no accepted photo was drawn, and certain if all were', () => {
    expect(labelNoiseOf({ photos: 30, drawn: [] }, 'O')).toMatchObject({ photos: 0, share: null, low: null });
    const all = labelNoiseOf({ photos: 30, drawn: drawn({ accept: 27, reject: 3 }, 1) }, 'O');
    expect(all).toMatchObject({ share: 0.1, low: 0.1, high: 0.1 });
  });

  it.each(POPULATIONS)('has an interval that contains the truth in at least 93 % of samples: $name', (population) => {
    const random = xoroshiro128plus(1);
    const isCovered = Array.from({ length: 400 }, () => covers(population, random));
    expect(isCovered.filter(Boolean).length / isCovered.length).toBeGreaterThanOrEqual(0.93);
  });
});
