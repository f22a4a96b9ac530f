import { describe, expect, it } from 'vitest';
import {
  creatorInterval,
  pairedDifference,
  type AnswerPair,
} from '../../../../../src/measure/evaluate/metrics/by-creator.ts';
import type { Answers } from '../../../../../src/measure/evaluate/metrics/kendall.ts';
import { mcnemarP } from '../../../../../src/measure/evaluate/metrics/mcnemar.ts';
import { tQuantile } from '../../../../../src/core/kernel/student-t.ts';
import { scoreInterval } from '../../../../../src/core/kernel/wilson.ts';
import { madeNumbers } from './made-numbers.ts';

// The expected numbers are of NumPy and SciPy: means without each creator, t.ppf and t.sf, binomtest, on the same made answers.

const SHARES = [0.1, 0.25, 0.3, 0.5, 0.45];
const sample: Answers[] = SHARES.map((share, model) =>
  madeNumbers(100 + model, 120).map((u, i) => (model === 4 && i % 7 === 0 ? null : u < share)),
);
const creators = madeNumbers(7, 120).map((u) => Math.floor(12 * u * u));

/** The answers of both models where both were measured, and who made these photos. */
function pairsOf(a: number, b: number): { pairs: AnswerPair[]; by: number[] } {
  const both = creators.flatMap((by, i) => {
    const [one, other] = [sample[a]?.[i] ?? null, sample[b]?.[i] ?? null];
    return one === null || other === null ? [] : [{ pair: [one, other] as const, by }];
  });
  return { pairs: both.map(({ pair }) => pair), by: both.map(({ by }) => by) };
}

describe('an accuracy by creator', () => {
  it.each([
    [0, 0.057_829_903_465_029_41, 0.193_866_571_054_830_8],
    [1, 0.183_005_875_856_723_5, 0.371_196_279_176_384_76],
    [2, 0.211_624_918_329_566_23, 0.406_262_643_127_383_7],
    [3, 0.295_316_868_361_783_8, 0.531_951_444_872_174_5],
    [4, 0.279_229_631_589_547_1, 0.616_686_723_522_885_8],
  ])('has the interval of numpy for model %i', (model, low, high) => {
    const interval = creatorInterval(sample[model] ?? [], creators);
    expect([interval?.low, interval?.high].map((end) => end?.toFixed(10))).toEqual(
      [low, high].map((end) => end.toFixed(10)),
    );
  });

  it('counts as many answers as there are creators of equal size if all are right or none is', () => {
    const by = [0, 0, 0, 1, 2, 2];
    const [none, all] = [false, true].map((answer) =>
      creatorInterval(
        by.map(() => answer),
        by,
      ),
    );
    const effective = 36 / 14;
    expect(none).toEqual(scoreInterval(0, effective, tQuantile(effective - 1)));
    expect(all).toEqual(scoreInterval(1, effective, tQuantile(effective - 1)));
  });

  it('has no interval on photos of one creator, or without an answer', () => {
    expect(creatorInterval([true, false, null], [4, 4, 5])).toBeNull();
    expect(creatorInterval([null, null], [1, 2])).toBeNull();
  });

  it('covers the truth in at least 92 of 100 runs with 5 creators whose photos resemble each other', () => {
    const sizes = [50, 25, 17, 12, 10];
    const by = sizes.flatMap((size, creator) => Array.from({ length: size }, () => creator));
    const numbers = madeNumbers(5, 100 * (5 + by.length));
    const isCovered = Array.from({ length: 100 }, () => {
      const shares = numbers.splice(0, 5).map((u) => 0.1 + 0.4 * u);
      const luck = numbers.splice(0, by.length);
      const { low, high } = creatorInterval(
        by.map((creator, i) => (luck[i] ?? 0) < (shares[creator] ?? 0)),
        by,
      ) ?? { low: 1, high: 0 };
      return low <= 0.3 && 0.3 <= high;
    });
    expect(isCovered.filter(Boolean).length).toBeGreaterThanOrEqual(92);
  });
});

describe('the difference of two models on the same photos', () => {
  it.each([
    { a: 3, b: 1, difference: 0.141_666_667, low: -0.001_567_896, high: 0.284_901_229, p: 0.051_935_079 },
    { a: 2, b: 4, difference: -0.137_254_902, low: -0.301_148_013, high: 0.026_638_209, p: 0.088_636_497 },
  ])('is that of numpy by creator for models $a and $b', ({ a, b, ...expected }) => {
    const { pairs, by } = pairsOf(a, b);
    const close = Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, expect.closeTo(value, 9)]));
    expect(pairedDifference(pairs, by)).toEqual(close);
  });

  it('takes each photo for itself if no creators are known, or one made all, and then p is McNemar’s', () => {
    const { pairs, by } = pairsOf(3, 1);
    const expected = {
      difference: expect.closeTo(0.141_666_667, 9),
      low: expect.closeTo(0.021_500_707, 9),
      high: expect.closeTo(0.261_832_627, 9),
      p: mcnemarP(36, 19),
    };
    expect(pairedDifference(pairs, null)).toEqual(expected);
    expect(
      pairedDifference(
        pairs,
        by.map(() => 3),
      ),
    ).toEqual(expected);
  });

  it('is never surer than McNemar’s test, which needs no large sample', () => {
    const pairs: AnswerPair[] = [...Array.from({ length: 5 }, () => [true, false] as const), [true, true]];
    expect(pairedDifference(pairs, [0, 1, 2, 3, 4, 5]).p).toBe(mcnemarP(5, 0));
  });

  it('has a width if both models are right on the same photos, or one alone is right on all', () => {
    const by = Array.from({ length: 100 }, (_, i) => i % 5);
    const t = tQuantile(4);
    const half = t ** 2 / (5 + t ** 2);
    const of = (pair: AnswerPair) =>
      pairedDifference(
        by.map(() => pair),
        by,
      );
    expect(of([false, false])).toEqual({ difference: 0, low: -half, high: half, p: 1 });
    expect(of([true, false])).toEqual({ difference: 1, low: 1 - half, high: 1, p: mcnemarP(5, 0) });
    expect(of([false, true])).toEqual({ difference: -1, low: -1, high: half - 1, p: mcnemarP(5, 0) });
  });

  it('calls chance a difference in at most 8 of 100 runs with 5 creators', () => {
    const by = Array.from({ length: 150 }, (_, i) => i % 5);
    const numbers = madeNumbers(5, 31_000);
    const drawn = (count: number): number[] => numbers.splice(0, count);
    const runs = Array.from({ length: 100 }, () => {
      const [one, other, luck, more] = [drawn(5), drawn(5), drawn(150), drawn(150)];
      const pairs = by.map(
        (c, i) => [(luck[i] ?? 0) < 0.8 * (one[c] ?? 0), (more[i] ?? 0) < 0.8 * (other[c] ?? 0)] as const,
      );
      const [onlyA, onlyB] = [true, false].map((isA) => pairs.filter(([a, b]) => a === isA && b !== isA).length);
      return { p: pairedDifference(pairs, by).p, photos: mcnemarP(onlyA ?? 0, onlyB ?? 0) };
    });
    expect(runs.filter(({ photos }) => photos < 0.05).length).toBeGreaterThan(25);
    expect(runs.filter(({ p }) => p < 0.05).length).toBeLessThanOrEqual(8);
  });
});
