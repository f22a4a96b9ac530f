import { describe, expect, it } from 'vitest';
import { scoreInterval } from '../../../../../src/core/kernel/wilson.ts';
import { tQuantile } from '../../../../../src/core/kernel/student-t.ts';
import {
  accuracyOnCrawl,
  validShareOf,
  type DrawnAnswer,
  type Stratum,
} from '../../../../../src/measure/evaluate/metrics/crawl-estimate.ts';
import { Draws } from '../../../../../src/measure/evaluate/metrics/draws.ts';

/** `VR`: valid and right, `V`: valid, `R`: right by a wrong label, `-`: neither. */
const stratum = (name: string, photos: number, answers: string): Stratum => ({
  name,
  photos,
  drawn: answers.split(' ').map((one) => ({ isValid: one.includes('V'), isRight: one.includes('R') })),
});
const STRATA = [
  stratum('listed', 6, 'V VR V - V V'),
  stratum('left out', 20, 'VR - V V R'),
  stratum('correct', 100, 'VR VR V VR - VR VR VR'),
  stratum('confident', 40, 'VR V VR VR'),
];

describe('the accuracy on a crawl', () => {
  // The sums of the docstring, in Python: share, variance and degrees of freedom.
  it.each([
    ['accuracy', accuracyOnCrawl, 0.761_245_674_740_484_4, 0.011_754_373_236_875_936, 10.698_739_198_188_97],
    ['share of valid photos', validShareOf, 0.870_481_927_710_843_4, 0.005_869_865_002_177_384, 8.626_107_972_693_312],
  ] as const)('has the %s and the interval of its formula', (...[, estimate, share, variance, degrees]) => {
    const { low, high } = scoreInterval(share, (share * (1 - share)) / variance, tQuantile(degrees));
    expect(estimate(STRATA)).toEqual({
      share: expect.closeTo(share, 12),
      low: expect.closeTo(low, 10),
      high: expect.closeTo(high, 10),
    });
  });

  it('is unknown with one drawn photo of many, without valid photos, and if all say the same', () => {
    const one = [...STRATA.slice(0, 3), stratum('confident', 40, 'VR')];
    expect(accuracyOnCrawl(one)).toEqual({ reason: 'Fewer than 2 photos were drawn of those confident.' });
    expect(accuracyOnCrawl([stratum('listed', 2, '- R')])).toEqual({ reason: 'No drawn photo is valid.' });
    expect(accuracyOnCrawl([stratum('correct', 9, 'VR VR VR')])).toEqual({
      reason: expect.stringContaining('Draw more'),
    });
    // Also where the mean of equal errors is not exact.
    const same = [stratum('listed', 50, `${'VR '.repeat(13)}${'V '.repeat(27)}${'- '.repeat(9)}-`)];
    for (const size of [3, 7, 49, 60])
      expect(accuracyOnCrawl([...same, stratum('correct', 400, 'VR '.repeat(size).trim())])).toHaveProperty('reason');
    expect(accuracyOnCrawl([stratum('listed', 2, 'VR V')])).toEqual({ share: 0.5, low: 0.5, high: 0.5 });
    // An empty stratum, and one of a single photo that was drawn, are no obstacle.
    const small = [...STRATA, stratum('more', 1, 'VR'), { name: 'empty', photos: 0, drawn: [] }];
    expect(accuracyOnCrawl(small)).toMatchObject({ share: expect.any(Number) });
  });
});

const draws = new Draws();
const chance = (): number => draws.below(2 ** 21) / 2 ** 21;
const SETS = Number(process.env['WINNOW_TEST_SETS'] ?? 200);
const CLASSES = 50;

interface Kind {
  /** Photos of the smallest class over 10. Larger classes are harder. */
  readonly scale: number;
  readonly hardness: number;
  /** Share of wrong labels among easy photos; three times as many among hard ones. Most of them are kept. */
  readonly wrong: number;
}

const STATES = ['left out', 'confident', 'correct'] as const;
const RIGHT = { 'left out': 0.3, confident: 0.6, correct: 0.92 } as const;
/** The chance of the first state, and of the first two. */
const LIMITS = { wrong: [0.6, 0.9], hard: [0.35, 0.7], easy: [0.03, 0.15] } as const;

function photoOf(difficulty: number, { hardness, wrong }: Kind) {
  const isHard = chance() < 0.1 + 0.5 * difficulty * hardness;
  const isValid = chance() >= (isHard ? 3 : 1) * wrong;
  const limits = LIMITS[isValid ? (isHard ? 'hard' : 'easy') : 'wrong'];
  const luck = chance();
  const state = STATES[limits.filter((limit) => luck >= limit).length] ?? 'correct';
  const isRight = chance() < (isValid ? RIGHT[state] - 0.2 * difficulty : 0.1);
  return { state, answer: { isValid, isRight } };
}

/** The answers of a crawl's photos by stratum. The first kept ones are listed. */
function crawlOf(kind: Kind): Map<string, DrawnAnswer[]> {
  const crawl = new Map<string, DrawnAnswer[]>(STATES.map((state) => [state, []]));
  for (let i = 0; i < CLASSES; i += 1) {
    const difficulty = i / CLASSES;
    for (let photo = 0; photo < kind.scale * (10 + 60 * difficulty); photo += 1) {
      const { state, answer } = photoOf(difficulty, kind);
      crawl.get(state)?.push(answer);
    }
  }
  const kept = crawl.get('left out') ?? [];
  return crawl.set('listed', kept.splice(0, Math.min(150, kept.length / 2)));
}

function someOf<T>(all: readonly T[], count: number): T[] {
  const rest = [...all];
  return Array.from({ length: Math.min(count, all.length) }, (_, i) => {
    const at = i + draws.below(rest.length - i);
    const one = rest[at];
    [rest[i], rest[at]] = [rest[at] as T, rest[i] as T];
    return one as T;
  });
}

// WINNOW_TEST_SETS=2000 covers the truth in 92.8 to 95.7 % of draws, with a bias of at most 0.5 points.
describe('many draws of one crawl', () => {
  const kinds = {
    small: { scale: 1, hardness: 1, wrong: 0.05 },
    usual: { scale: 10, hardness: 1, wrong: 0.05 },
    'with many wrong labels': { scale: 10, hardness: 1, wrong: 0.15 },
    easy: { scale: 10, hardness: 0.2, wrong: 0.02 },
  } as const;
  it.each(Object.entries(kinds).flatMap(([name, kind]) => [20, 50, 100, 200].map((drawn) => ({ name, kind, drawn }))))(
    'of $drawn photos a stratum cover the truth ($name)',
    ({ kind, drawn }) => {
      const crawl = crawlOf(kind);
      const all = [...crawl.values()].flat();
      const valid = all.filter(({ isValid }) => isValid);
      const truth = valid.filter(({ isRight }) => isRight).length / valid.length;
      let [covered, bias] = [0, 0];
      for (let i = 0; i < SETS; i += 1) {
        const estimate = accuracyOnCrawl(
          [...crawl].map(([name, photos]) => ({
            name,
            photos: photos.length,
            drawn: name === 'listed' ? photos : someOf(photos, drawn),
          })),
        );
        if ('reason' in estimate) throw new Error(estimate.reason);
        if (estimate.low <= truth && truth <= estimate.high) covered += 1;
        bias += (estimate.share - truth) / SETS;
      }
      expect(covered / SETS).toBeGreaterThan(0.94 - 3 * Math.sqrt(0.05 / SETS));
      expect(Math.abs(bias)).toBeLessThan(0.004 + 0.2 / Math.sqrt(SETS));
    },
  );
});
