import { describe, expect, it } from 'vitest';
import { REVIEW_VERDICTS, type ReviewVerdict } from '../../../src/review/event.ts';
import { agreementOf, type VerdictPair } from '../../../src/review/agreement.ts';

function verdictOf(letter: string | undefined): ReviewVerdict {
  return REVIEW_VERDICTS.find((verdict) => verdict.startsWith(letter ?? '-')) ?? 'unsure';
}

/** Two passes as texts: `a` accept, `r` reject, `u` unsure. */
function pairs(first: string, second: string): VerdictPair[] {
  return Array.from(first, (letter, i) => [verdictOf(letter), verdictOf(second[i])]);
}

// Kappa is cohen_kappa_score of scikit-learn 1.9, alpha is that of krippendorff 0.9 (both from PyPI).
const GOLDEN = [
  {
    first: 'ararraaraauarararrrrrarraararrruarauraaa',
    second: 'rrrrraaruauaruuarrrrrrrraararrruararraar',
    kappa: 0.656_652_360_515_021_4,
    alpha: 0.655_773_420_479_302_9,
  },
  { first: 'aaruaaa', second: 'rauuuua', kappa: 0.176_470_588_235_294_16, alpha: 0.118_644_067_796_610_19 },
  { first: 'arauaraaraaa', second: 'arauaraaraaa', kappa: 1, alpha: 1 },
];

describe('agreement of two passes', () => {
  it.each(GOLDEN)('equals scikit-learn and krippendorff for $first and $second', ({ first, second, kappa, alpha }) => {
    const agreement = agreementOf(pairs(first, second));
    expect(agreement.photos).toBe(first.length);
    expect(agreement.cohenKappa).toBeCloseTo(kappa, 12);
    expect(agreement.krippendorffAlpha).toBeCloseTo(alpha, 12);
    const equal = Array.from(first).filter((letter, i) => letter === second[i]).length;
    expect(agreement.percent).toBeCloseTo((100 * equal) / first.length, 12);
  });

  it('has intervals around the numbers, which are the same each time', () => {
    const [example] = GOLDEN;
    const agreement = agreementOf(pairs(example?.first ?? '', example?.second ?? ''));
    const {
      cohenKappa,
      cohenKappaLow,
      cohenKappaHigh,
      krippendorffAlpha,
      krippendorffAlphaLow,
      krippendorffAlphaHigh,
    } = agreement;
    expect([cohenKappaLow, cohenKappa, cohenKappaHigh]).toEqual(
      [cohenKappaLow, cohenKappa, cohenKappaHigh].toSorted((a, b) => Number(a) - Number(b)),
    );
    expect([krippendorffAlphaLow, krippendorffAlpha, krippendorffAlphaHigh]).toEqual(
      [krippendorffAlphaLow, krippendorffAlpha, krippendorffAlphaHigh].toSorted((a, b) => Number(a) - Number(b)),
    );
    // The normal approximation of kappa's interval is 0.66 +- 0.2.
    expect(cohenKappaLow).toBeGreaterThan(0.35);
    expect(cohenKappaLow).toBeLessThan(0.55);
    expect(cohenKappaHigh).toBeGreaterThan(0.75);
    expect(cohenKappaHigh).toBeLessThan(0.95);
    expect(agreementOf(pairs(example?.first ?? '', example?.second ?? ''))).toEqual(agreement);
  });

  it('is not defined without photos, nor if every verdict is the same', () => {
    expect(agreementOf([])).toEqual({
      photos: 0,
      percent: null,
      cohenKappa: null,
      cohenKappaLow: null,
      cohenKappaHigh: null,
      krippendorffAlpha: null,
      krippendorffAlphaLow: null,
      krippendorffAlphaHigh: null,
    });
    expect(agreementOf(pairs('aaaa', 'aaaa'))).toMatchObject({
      photos: 4,
      percent: 100,
      cohenKappa: null,
      krippendorffAlpha: null,
    });
  });
});
