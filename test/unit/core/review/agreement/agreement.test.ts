import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { describe, expect, it } from 'vitest';
import { REVIEW_VERDICTS, type ReviewVerdict } from '../../../../../src/core/review/events/event.ts';
import {
  agreementOf,
  blindVerdictsOf,
  countFurtherClasses,
  addVerdicts,
  type Agreement,
  type VerdictCounts,
} from '../../../../../src/core/review/agreement/agreement.ts';
import { fewPhotosText } from '../../../../../src/core/kernel/texts.ts';

function verdictOf(letter: string | undefined): ReviewVerdict {
  return REVIEW_VERDICTS.find((verdict) => verdict.startsWith(letter ?? '-')) ?? 'unsure';
}

/** Passes as texts with a letter for each photo: `a` accept, `r` reject, `u` unsure. A pass may end early. */
function counted(...passes: string[]): VerdictCounts {
  const counts = new Map<string, number>();
  Array.from(passes[0] ?? '', (_, i) =>
    addVerdicts(
      counts,
      passes.flatMap((pass) => (i < pass.length ? [verdictOf(pass[i])] : [])),
    ),
  );
  return counts;
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

/** kappa, its standard error, and the 97.5th percentile of t. */
const SMOOTHED = [0.624_697_000_536_609_7, 0.100_580_224_862_625_65, 2.022_690_92] as const;

/** The reviewers agree beyond chance by kappa, and each accepts this share of the photos. */
const SHAPES = [10, 30].flatMap((photos) =>
  [0.2, 0.6, 0.9].flatMap((kappa) => [0.5, 0.9].map((acceptance) => ({ photos, kappa, acceptance }))),
);

function sampleOf({ photos, kappa, acceptance }: (typeof SHAPES)[number], random: RandomGenerator): VerdictCounts {
  const oneOf = (): ReviewVerdict => {
    const place = uniformFloat64(random);
    if (place < acceptance) return 'accept';
    return place < 0.98 ? 'reject' : 'unsure';
  };
  const counts = new Map<string, number>();
  for (let i = 0; i < photos; i += 1) {
    const first = oneOf();
    addVerdicts(counts, [first, uniformFloat64(random) < kappa ? first : oneOf()]);
  }
  return counts;
}

describe('agreement of two passes', () => {
  it.each(GOLDEN)('equals scikit-learn and krippendorff for $first and $second', ({ first, second, kappa, alpha }) => {
    const agreement = agreementOf(counted(first, second));
    expect(agreement.photos).toBe(first.length);
    expect(agreement.cohenKappa).toBeCloseTo(kappa, 12);
    expect(agreement.krippendorffAlpha).toBeCloseTo(alpha, 12);
    const equal = Array.from(first).filter((letter, i) => letter === second[i]).length;
    expect(agreement.percent).toBeCloseTo((100 * equal) / first.length, 12);
  });

  it('has the interval that the standard error of Fleiss, Cohen and Everitt gives after parts of photos are added', () => {
    const [example] = GOLDEN;
    const agreement = agreementOf(counted(example?.first ?? '', example?.second ?? ''));
    // cohens_kappa of statsmodels 0.15 on the table with 0.4 more on its diagonal and 0.25 elsewhere: kappa and std_kappa;
    // scipy.stats.t.ppf(0.975, 39).
    const [kappa, error, t] = SMOOTHED;
    expect(agreement.cohenKappaLow).toBeCloseTo(kappa - t * error, 4);
    expect(agreement.cohenKappaHigh).toBeCloseTo(kappa + t * error, 4);
    expect(agreement.krippendorffAlphaLow).toBeCloseTo(kappa - t * error, 1);
  });

  it('takes third passes into alpha, and leaves them out of kappa', () => {
    const [example] = GOLDEN;
    const { first, second, kappa } = { first: '', second: '', kappa: 0, ...example };
    const agreement = agreementOf(counted(first, second, 'arauraauarrr'));
    expect(agreement.cohenKappa).toBeCloseTo(kappa, 12);
    // krippendorff 0.9 with the third pass as a third row, missing after 12 photos.
    expect(agreement.krippendorffAlpha).toBeCloseTo(0.520_081_135_902_636_9, 12);
  });

  it('has no interval below 10 photos, nor if all photos but one have the same verdicts', () => {
    const none = { cohenKappa: 1, cohenKappaLow: null, krippendorffAlphaHigh: null };
    expect(agreementOf(counted('aaaarrrrr', 'aaaarrrrr'))).toMatchObject(none);
    expect(agreementOf(counted('aaaaaaaaaaar', 'aaaaaaaaaaar'))).toMatchObject(none);
  });

  it('is not sure that reviewers who agreed on 12 photos always agree', () => {
    const { cohenKappaLow, cohenKappaHigh } = agreementOf(counted('aaaaaarrrrrr', 'aaaaaarrrrrr'));
    expect(cohenKappaLow).toBeLessThan(0.8);
    expect(cohenKappaHigh).toBe(1);
  });

  it('has intervals that cover the truth in at least 92 % of samples', () => {
    const random = xoroshiro128plus(2);
    const covered = SHAPES.map((shape) => {
      const { kappa } = shape;
      const samples = Array.from({ length: 400 }, () => agreementOf(sampleOf(shape, random))).filter(
        ({ cohenKappaLow }) => cohenKappaLow !== null,
      );
      const shareOf = (isCovering: (one: Agreement) => boolean): number =>
        samples.filter(isCovering).length / samples.length;
      return {
        ...shape,
        kappas: shareOf((one) => Number(one.cohenKappaLow) <= kappa && kappa <= Number(one.cohenKappaHigh)),
        alphas: shareOf(
          (one) => Number(one.krippendorffAlphaLow) <= kappa && kappa <= Number(one.krippendorffAlphaHigh),
        ),
      };
    });
    expect(covered.filter(({ kappas, alphas }) => Math.min(kappas, alphas) < 0.92)).toEqual([]);
  });

  it('is not defined without photos, nor if every verdict is the same', () => {
    const { photos, ...figures } = agreementOf(new Map());
    expect([photos, new Set(Object.values(figures))]).toEqual([0, new Set([null])]);
    const { percent, cohenKappa, krippendorffAlpha } = agreementOf(counted('aaaa', 'aaaa'));
    expect([percent, cohenKappa, krippendorffAlpha]).toEqual([100, null, null]);
  });
});

it('blindVerdictsOf has the blind verdicts of all passes that have one', () => {
  const passes: (ReviewVerdict | null)[] = ['accept', null, 'unsure', 'reject'];
  expect(blindVerdictsOf(passes.map((blindVerdict) => ({ blindVerdict })))).toEqual(['accept', 'unsure', 'reject']);
});

it('further classes are compared if the first two blind verdicts accept the photo', () => {
  const review = (blindVerdict: ReviewVerdict | null, ...alsoWnids: string[]) => ({ blindVerdict, alsoWnids });
  const counts = { photos: 0, differ: 0 };
  countFurtherClasses(counts, [review('accept', 'n1'), review(null, 'n2'), review('accept', 'n1')]);
  countFurtherClasses(counts, [review('accept', 'n1'), review('accept')]);
  countFurtherClasses(counts, [review('accept', 'n1'), review('unsure')]);
  expect(counts).toEqual({ photos: 2, differ: 1 });
});

it('fewPhotosText warns of a headline over fewer than 20 photos, and says below 10 why there is no interval', () => {
  expect([0, 1, 9, 10, 19, 20].map((photos) => fewPhotosText({ photos }))).toEqual([
    null,
    'Only 1 photo has two blind verdicts: too few for an interval.',
    'Only 9 photos have two blind verdicts: too few for an interval.',
    'Only 10 photos have two blind verdicts: these figures are rough.',
    'Only 19 photos have two blind verdicts: these figures are rough.',
    null,
  ]);
});
