import { describe, expect, it } from 'vitest';
import { clusterIntervals } from '../../../../src/evaluate/metrics/cluster-bootstrap.ts';
import { Draws } from '../../../../src/evaluate/metrics/draws.ts';
import { kendallTau, rankAgreement, type Answers } from '../../../../src/evaluate/metrics/kendall.ts';
import { wilsonInterval } from '../../../../src/kernel/wilson.ts';
import { madeNumbers } from './made-numbers.ts';

// The expected numbers are of SciPy's kendalltau and NumPy's percentile, on answers and draws that both languages generate.

const SHARES = [0.1, 0.25, 0.3, 0.5, 0.45];

/** Five models; every seventh photo was not measured with the last one. */
function made(seed: number, photos: number): Answers[] {
  return SHARES.map((share, model) =>
    madeNumbers(seed + model, photos).map((u, i) => (model === 4 && i % 7 === 0 ? null : u < share)),
  );
}

const DRAWN = [6, 0, 5, 9, 9, 2, 1_285_216];
const ON_OTHER = [0.737_864_787_372_621_8, 0.2, 1];
const ON_OWN = [0.737_864_787_372_621_8, 0.4, 1];
/** Low and high of each model. */
const BY_CLUSTER = [
  0.054_545_454_545_454_54, 0.203_131_620_762_711_82, 0.263_141_447_368_421_04, 0.490_051_020_408_161_84,
  0.215_686_274_509_803_93, 0.423_097_826_086_956_4, 0.2, 0.363_636_363_636_363_65, 0.303_557_900_432_900_43, 0.62,
];
const TIED = 0.670_820_393_249_936_8;

const [set, other, own] = [made(100, 60), made(200, 45), made(300, 80)];

describe('resamples', () => {
  it('draw the numbers of mulberry32, also for large ranges', () => {
    const draws = new Draws();
    const small = Array.from({ length: 6 }, () => draws.below(10));
    expect([...small, draws.below(2 ** 21)]).toEqual(DRAWN);
  });

  it.each([
    {
      where: 'another sample',
      answers: other,
      expected: ON_OTHER,
    },
    {
      where: 'own photos of two models',
      answers: SHARES.map((_, list) => (list < 2 ? (own[list] ?? null) : null)),
      expected: ON_OWN,
    },
  ])('rank models on the set and on $where as SciPy does', ({ answers, expected: [tau, low, high] }) => {
    const { kendallTau: computed, kendallTauLow, kendallTauHigh } = rankAgreement({ onSet: set, own: answers });
    expect(computed).toBeCloseTo(tau ?? Number.NaN, 12);
    expect(kendallTauLow).toBeCloseTo(low ?? Number.NaN, 12);
    expect(kendallTauHigh).toBeCloseTo(high ?? Number.NaN, 12);
  });

  it('give accuracies intervals of whole clusters as NumPy does', () => {
    const clusters = madeNumbers(7, 60).map((u) => Math.floor(12 * u * u));
    const intervals = clusterIntervals(set, clusters).flatMap((interval) => [interval?.low, interval?.high]);
    for (const [i, expected] of BY_CLUSTER.entries()) expect(intervals[i]).toBeCloseTo(expected, 12);
    expect(intervals).toHaveLength(BY_CLUSTER.length);
  });

  it('take as many answers as clusters if all are right or none is, because resamples have no width', () => {
    const [none, all, unknown] = [false, true, null].map((answer) => Array.from({ length: 6 }, () => answer));
    const intervals = clusterIntervals([none ?? [], all ?? [], unknown ?? []], [0, 0, 0, 1, 2, 2]);
    expect(intervals).toEqual([wilsonInterval(0, 3), wilsonInterval(3, 3), null]);
  });
});

describe('kendallTau', () => {
  it('is tau-b, and is not defined if all are tied in one ranking', () => {
    expect(kendallTau([1, 2, 3], [3, 2, 1])).toBe(-1);
    expect(kendallTau([0, 0, 0.2, 0.4, 0.4], [0.1, 0.3, 0.2, 0.5, 0.4])).toBeCloseTo(TIED, 12);
    expect(kendallTau([0, 0, 0], [1, 2, 3])).toBeNull();
    expect(rankAgreement({ onSet: set, own: SHARES.map(() => null) }).kendallTau).toBeNull();
  });
});
