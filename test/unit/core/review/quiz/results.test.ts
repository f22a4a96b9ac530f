import { describe, expect, it } from 'vitest';
import { humanAccuracyText } from '../../../../../src/core/kernel/human-accuracy.ts';
import { pooledShare } from '../../../../../src/core/review/quiz/pooled-interval.ts';
import { humanAccuracy, withoutNames, type CountedAnswer } from '../../../../../src/core/review/quiz/results.ts';
import { madeNumbers } from '../../../measure/evaluate/metrics/made-numbers.ts';
import { sha256Of } from '../../../../support/sha256.ts';

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
  const uneven = (people: number) =>
    answers(people, 30, (person, photo) =>
      person > 0 || photo % 2 === 0 ? (photo * 7 + person * 5) % 11 > (photo % 5 === 0 ? 3 : 2) : null,
    );
  type Ends = [number, number];
  // numpy and scipy: var(ddof=1) of the means, t.ppf(0.975, d), and the formulas that `pooledShare` names.
  it.each<[string, CountedAnswer[], { photos: number; share: number; samePeople: Ends; newPeople: Ends | null }]>([
    [
      'four people, one of whom answered half',
      uneven(4),
      {
        photos: 15,
        share: 0.716_666_666_666_666_7,
        samePeople: [0.580_005_100_093_463_7, 0.822_470_995_156_049_7],
        newPeople: null,
      },
    ],
    [
      'six people, one of whom answered half',
      uneven(6),
      {
        photos: 15,
        share: 0.711_111_111_111_111_1,
        samePeople: [0.600_372_003_452_538, 0.801_318_861_657_865_3],
        newPeople: [0.577_256_587_445_770_8, 0.816_086_022_738_562_6],
      },
    ],
    [
      'answers that are all right',
      answers(6, 10, () => true),
      { photos: 10, share: 1, samePeople: [0.661_491_377_339_816_7, 1], newPeople: [0.475_892_440_100_756_65, 1] },
    ],
    [
      'two people who are never right together',
      answers(2, 10, (person, photo) => person === photo % 2),
      { photos: 10, share: 0.5, samePeople: [0.274_313_372_749_179_8, 0.725_686_627_250_82], newPeople: null },
    ],
  ])('the share and the intervals of %s are those of numpy', (_, given, { photos, share, samePeople, newPeople }) => {
    const rounded = (ends: readonly (number | undefined)[]) => ends.map((end) => end?.toFixed(9));
    const found = pooledShare(given);
    expect(found.photos).toBe(photos);
    expect(found.share).toBeCloseTo(share, 12);
    expect(rounded([found.samePeople?.low, found.samePeople?.high])).toEqual(rounded(samePeople));
    expect(rounded([found.newPeople?.low, found.newPeople?.high])).toEqual(
      rounded(newPeople ?? [undefined, undefined]),
    );
  });

  it('of two people who are right on 90 of 100 photos each has an interval of 10 points for these people', () => {
    const { pooled, newPeople } = humanAccuracy(answers(2, 100, (person, photo) => (photo * 7 + person * 31) % 10 > 0));
    expect(pooled.set).toEqual({
      photos: 100,
      accuracy: 0.9,
      low: expect.closeTo(0.850_1, 3),
      high: expect.closeTo(0.934_6, 3),
    });
    expect(newPeople).toBeNull();
  });

  // People and photos differ: p = 1 / (1 + exp(-(a + person + photo))), drawn as sums of made numbers.
  it('covers the accuracy of the same people on new photos in at least 92 of 100 runs', () => {
    const people = [0.4, -0.4, 0.1];
    const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
    const spreadOf = (u: number): number => 4 * u - 2;
    const grid = Array.from({ length: 1000 }, (_, i) => spreadOf((i + 0.5) / 1000));
    const shares = people.flatMap((person) => grid.map((photo) => logistic(2 + person + photo)));
    const truth = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const numbers = madeNumbers(5, 24_000);
    const runs = Array.from({ length: 100 }, () => {
      const [photos, luck] = [numbers.splice(0, 60), numbers.splice(0, 180)];
      const given = answers(3, 60, (person, photo) => {
        const ease = 2 + (people[person] ?? 0) + spreadOf(photos[photo] ?? 0);
        return (luck[person * 60 + photo] ?? 0) < logistic(ease);
      });
      const { low, high } = humanAccuracy(given).pooled.set;
      return { isCovered: (low ?? 1) <= truth && truth <= (high ?? 0), width: (high ?? 1) - (low ?? 0) };
    });
    expect(runs.filter(({ isCovered }) => isCovered).length).toBeGreaterThanOrEqual(92);
    expect(Math.max(...runs.map(({ width }) => width))).toBeLessThan(0.2);
  });

  it('has people with Wilson intervals, set and controls apart, and letters instead of names', () => {
    const ofSet = answers(1, 10, (_person, photo) => photo > 0).map((one) => ({ ...one, reviewer: 'Dora' }));
    const controls = ofSet.slice(0, 4).map((one) => ({ ...one, isControl: true }));
    const { people, pooled, newPeople } = withoutNames(
      humanAccuracy([...ofSet, ...controls]),
      new Map([['Dora', 'A']]),
    );
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
    expect(humanAccuracyText({ people, pooled, newPeople })).toContain(
      ': 90.0 % on 10 photos (no interval with fewer than two people and photos). Each person: A 90.0 % of 10 photos (59.6 % to 98.2 %, one of 5 classes)',
    );
  });

  it('counts only photos that each of the people answered, and says what new people would show from five on', () => {
    const five = answers(5, 12, (person, photo) => (person === 4 && photo > 7 ? null : (person + photo) % 4 > 0));
    const controls = answers(4, 3, () => true).map((one) => ({ ...one, isControl: true }));
    const { pooled, newPeople, people } = humanAccuracy([...five, ...controls]);
    expect(pooled.set).toMatchObject({ photos: 8, accuracy: 0.75 });
    expect(newPeople).toMatchObject({
      set: { photos: 8, accuracy: 0.75 },
      control: { photos: 3, accuracy: 1, low: null, high: null },
    });
    expect(newPeople?.set.low).toBeLessThan(pooled.set.low ?? 0);
    expect(humanAccuracyText({ people, pooled, newPeople })).toMatch(
      /: 75\.0 % on 8 photos \(95 % interval \S+ % to \S+ % for these people and new photos; \S+ % to \S+ % for new people\)\. .*Controls: 100\.0 % on 3 photos \(.*none for new people with fewer than 5 people\)/,
    );
  });

  it('of people without a photo in common is unknown, and theirs is not', () => {
    const apart = answers(2, 4, (person, photo) => (photo < 2 === (person === 0) ? true : null));
    const found = humanAccuracy(apart);
    expect(found.pooled.set).toEqual({ photos: 0, accuracy: null, low: null, high: null });
    expect(humanAccuracyText(found)).toContain(
      'unknown on the set, because no photo of it was answered by all of them. Each person: p0 100.0 % of 2 photos (',
    );
  });

  it('is empty without answers', () => {
    const none = { photos: 0, accuracy: null, low: null, high: null };
    expect(humanAccuracy([])).toEqual({ people: [], pooled: { set: none, control: null }, newPeople: null });
  });
});
