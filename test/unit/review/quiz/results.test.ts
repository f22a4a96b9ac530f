import { describe, expect, it } from 'vitest';
import { humanAccuracyText } from '../../../../src/kernel/human-accuracy.ts';
import { pooledInterval, tQuantile } from '../../../../src/review/quiz/pooled-interval.ts';
import { humanAccuracy, withoutNames, type CountedAnswer } from '../../../../src/review/quiz/results.ts';
import { sha256Of } from '../../../support/sha256.ts';

function answers(
  people: number,
  photos: number,
  isRight: (person: number, photo: number) => boolean | null,
): CountedAnswer[] {
  return Array.from({ length: people * photos }, (_, i) => [Math.floor(i / photos), i % photos] as const).flatMap(
    ([person, photo]) => {
      const right = isRight(person, photo);
      if (right === null) return [];
      return [{ reviewer: `p${person}`, sha256: sha256Of(`${photo}`), isRight: right, isControl: false, choices: 5 }];
    },
  );
}

describe('human accuracy', () => {
  // numpy and scipy: t.ppf(0.975, d), bincount for the sums of clusters, and the formulas that `pooledInterval` names.
  it.each([
    [1, 12.706_204_736_174_694],
    [2, 4.302_652_729_749_462],
    [3, 3.182_446_305_283_707_8],
    [4, 2.776_445_105_197_793_4],
    [5, 2.570_581_835_636_314_6],
    [10, 2.228_138_851_986_274],
    [19, 2.093_024_054_408_308_7],
    [100, 1.983_971_518_523_551_8],
  ])('the t quantile of %s degrees of freedom is that of scipy', (degrees, quantile) => {
    expect(Math.abs(tQuantile(degrees) - quantile)).toBeLessThan(1e-9);
  });

  const uneven = answers(4, 30, (person, photo) =>
    person < 3 || photo % 2 === 0 ? (photo * 7 + person * 5) % 11 > (photo % 5 === 0 ? 3 : 2) : null,
  );
  it.each<[string, CountedAnswer[], { low: number; high: number }]>([
    ['four people, one of whom answered half', uneven, { low: 0.570_053_754_358_526_5, high: 0.838_187_633_473_095_4 }],
    ['answers that are all right', answers(3, 10, () => true), { low: 0.350_719_424_460_431_86, high: 1 }],
    [
      'two people who are never right together',
      answers(2, 10, (person, photo) => person === photo % 2),
      { low: 0.028_360_475_663_165_914, high: 0.971_639_524_336_834_1 },
    ],
  ])('the pooled interval of %s is that of numpy', (_, given, { low, high }) => {
    const interval = pooledInterval(given);
    expect(Math.abs((interval?.low ?? 2) - low)).toBeLessThan(1e-9);
    expect(Math.abs((interval?.high ?? 2) - high)).toBeLessThan(1e-9);
  });

  it('has people with Wilson intervals, set and controls apart, and letters instead of names', () => {
    const ofSet = answers(1, 10, (_person, photo) => photo > 0).map((one) => ({ ...one, reviewer: 'Dora' }));
    const controls = ofSet.slice(0, 4).map((one) => ({ ...one, isControl: true }));
    const { people, pooled } = withoutNames(humanAccuracy([...ofSet, ...controls]), new Map([['Dora', 'A']]));
    expect(people).toEqual([
      {
        reviewer: 'A',
        photos: 10,
        right: 9,
        accuracy: 0.9,
        low: expect.closeTo(0.595_850_082),
        high: expect.closeTo(0.982_123_808),
        controlPhotos: 4,
        controlRight: 3,
        choices: 5,
      },
    ]);
    expect(pooled.set).toEqual({ photos: 10, accuracy: 0.9, low: null, high: null });
    expect(pooled.control).toMatchObject({ photos: 4, accuracy: 0.75 });
    expect(humanAccuracyText({ people, pooled })).toContain(
      ': 90.0 % on 10 photos (no interval with fewer than two people and photos). Each person: A 90.0 % (59.6 % to 98.2 %, one of 5 classes)',
    );
  });

  it('is empty without answers', () => {
    const none = { photos: 0, accuracy: null, low: null, high: null };
    expect(humanAccuracy([])).toEqual({ people: [], pooled: { set: none, control: null } });
  });
});
