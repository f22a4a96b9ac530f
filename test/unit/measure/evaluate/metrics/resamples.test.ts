import { describe, expect, it } from 'vitest';
import { Draws } from '../../../../../src/measure/evaluate/metrics/draws.ts';
import { kendallTau, rankAgreement, type Answers } from '../../../../../src/measure/evaluate/metrics/kendall.ts';
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
const ON_OTHER = [0.8, 0.4, 1];
const ON_OWN = [1, 0.8, 1];
const TIED = 0.670_820_393_249_936_8;

const [set, other, own] = [made(100, 120), made(200, 125), made(300, 130)];

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

  it.each([
    ['the set has fewer than 100 photos', made(100, 99), made(200, 125)],
    ['a model was measured on fewer than 100 of its own', set, [made(300, 99)[0] ?? [], ...made(200, 125).slice(1)]],
    ['a model was measured on fewer than 100 of the set', made(100, 115), made(200, 125)],
  ])('give no tau if %s', (_, onSet, ranking) => {
    expect(rankAgreement({ onSet, own: ranking })).toEqual({
      kendallTau: null,
      kendallTauLow: null,
      kendallTauHigh: null,
    });
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
