import { describe, expect, it } from 'vitest';
import {
  pairedDifference,
  pairFacts,
  type AnswerPair,
} from '../../../../../src/measure/evaluate/metrics/by-creator.ts';
import { Draws } from '../../../../../src/measure/evaluate/metrics/draws.ts';
import {
  chanceToFind,
  powerOf,
  type PairDesign,
  type Power,
} from '../../../../../src/measure/evaluate/metrics/power.ts';
import { powerText } from '../../../../../src/measure/report/page/power-text.ts';

const design = (discordant: number, more: Partial<PairDesign> = {}): PairDesign => ({
  discordantLow: discordant / 2,
  discordantHigh: discordant,
  designEffect: 1,
  photosPerCreator: null,
  ...more,
});

function known(...given: Parameters<typeof powerOf>): Power {
  const power = powerOf(...given);
  if ('reason' in power) throw new Error(power.reason);
  return power;
}

describe('the power of a paired test', () => {
  // The sums over all numbers of discordant photos, with Python's integers.
  it.each([
    [600, 0.2, 0.05, 0.760_046_65],
    [150, 0.3, 0.1, 0.564_566_54],
    [2000, 0.1, 0.02, 0.791_452_1],
    [40, 0.2, 0.2, 0.838_671_18],
  ])('with %i photos, %f of them discordant, and a difference of %f is that of the exact test', (...given) => {
    const [photos, share, by, power] = given;
    expect(chanceToFind(design(share), photos, by)).toBeCloseTo(power, 6);
  });

  it.each([
    [0.2, 5, 658, 625.5],
    [0.3, 10, 249, 233.1],
    [0.1, 5, 337, 311.6],
    [0.3, 2, 5980, 5884.3],
  ])('asks of %f discordant photos and %i points for more photos than the formula', (...given) => {
    const [share, points, exact, formula] = given;
    const { photosFor } = known(design(share), 500, [10]);
    // Power has teeth: the next larger number may have a little less.
    expect(Math.abs((photosFor[points] ?? 0) - exact)).toBeLessThanOrEqual(2);
    expect(exact / formula).toBeGreaterThan(1.01);
  });

  it('is found again by the smallest difference, and takes all discordant photos on one side if it must', () => {
    for (const one of [design(0.1), design(0.02), design(0.3, { designEffect: 1.4, photosPerCreator: 8 })]) {
      const { detectable } = known(one, 400);
      expect(chanceToFind(one, 400, detectable ?? 0)).toBeGreaterThanOrEqual(0.8);
      expect(chanceToFind(one, 400, (detectable ?? 0) - 0.0002)).toBeLessThan(0.8);
    }
    expect(known(design(0), 5).detectable).toBeNull();
    expect(known(design(0.5), 500, [0.05]).photosFor['0.05']).toBeNull();
  });

  it('is unknown with fewer than five effective creators or 30 differing photos, also on fewer photos than were measured', () => {
    const one = design(0.4, { photosPerCreator: 20 });
    expect(powerOf(one, 99)).toMatchObject({ reason: '99 photos count as 4.9 creators. The test needs 5 or more.' });
    expect(powerOf(one, 100)).toMatchObject({ photos: 100, detectable: expect.any(Number) });
    expect(powerOf(design(0.2), 4)).toMatchObject({
      reason: '4 photos are too few. The test needs 5 or more.',
    });
    const clumped = design(0.1, { designEffect: 4, photosPerCreator: 10 });
    expect(powerOf(clumped, 600)).toMatchObject({
      reason: 'Two models differ on photos that count as 15.0 independent ones. The test needs 30 or more.',
    });
    expect(known(clumped, 1_200).photosFor['5']).toBeGreaterThanOrEqual(1_200);
    expect(powerText(powerOf(design(0.2), 600))).toBe(
      'A paired test on 600 photos finds a difference of two models of 5.2 points or more in 80 of 100 sets. Photos needed for a difference in points: for 1: 15,881; for 2: 4,019; for 5: 658.',
    );
  });
});

const draws = new Draws();
const chance = (): number => draws.below(2 ** 21) / 2 ** 21;

interface World {
  /** Photos of each creator. */
  readonly sizes: readonly number[];
  /** How likely a photo takes the answers of its creator's others. */
  readonly copies: number;
}

/** A set on which the models differ: 1 or -1 for the photos that one of them alone gets right. */
function drawSet({ sizes, copies }: World, discordant: number, difference: number) {
  const one = (): number => {
    const u = chance();
    return u < (discordant + difference) / 2 ? 1 : u < discordant ? -1 : 0;
  };
  const values = sizes.flatMap((size) => {
    const common = one();
    return Array.from({ length: size }, () => (chance() < copies ? common : one()));
  });
  return values.map((value): AnswerPair => [value === 1, value === -1]);
}

const worth = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size ** 2, 0) / 600;
const equal = (creators: number): number[] => Array.from({ length: creators }, () => 600 / creators);
const falling = Array.from({ length: 40 }, (_, i) => Math.max(1, Math.round(61 * 0.9 ** i)));
const uneven = [600 - falling.slice(1).reduce((sum, size) => sum + size, 0), ...falling.slice(1)];

const SETS = Number(process.env['WINNOW_TEST_SETS'] ?? 200);
/** Two standard errors of the share of sets, and 2 points for the approximation. */
const TOLERANCE = 0.02 + 2 * Math.sqrt(0.16 / SETS);

// WINNOW_TEST_SETS=4000 gives shares from 0.787 to 0.812.
describe('sets of 600 photos, tested as the report does', () => {
  it.each([
    { of: 'unknown creators', sizes: null, discordant: 0.1, copies: 0 },
    { of: 'unknown creators', sizes: null, discordant: 0.4, copies: 0 },
    { of: '600 creators', sizes: equal(600), discordant: 0.4, copies: 0 },
    { of: '100 creators', sizes: equal(100), discordant: 0.4, copies: 0.2 },
    { of: '20 creators', sizes: equal(20), discordant: 0.2, copies: 0 },
    { of: '20 creators', sizes: equal(20), discordant: 0.4, copies: 0.2 },
    { of: '40 uneven creators', sizes: uneven, discordant: 0.3, copies: 0 },
    { of: '40 uneven creators', sizes: uneven, discordant: 0.4, copies: 0.15 },
    { of: '6 creators', sizes: equal(6), discordant: 0.5, copies: 0.05 },
    { of: '40 creators', sizes: equal(40), discordant: 0.1, copies: 0.2 },
    { of: '40 creators', sizes: equal(40), discordant: 0.4, copies: 0.6 },
    { of: '20 creators', sizes: equal(20), discordant: 0.4, copies: 0.4 },
    { of: '100 creators', sizes: equal(100), discordant: 0.4, copies: 0.9 },
  ])('of $of have the difference that is said to be found in 80 of 100, $discordant $copies', (one) => {
    const { sizes, discordant, copies } = one;
    const world = { sizes: sizes ?? equal(600), copies };
    const photosPerCreator = worth(world.sizes);
    const designEffect = 1 + (photosPerCreator - 1) * copies ** 2;
    const said = design(discordant, sizes === null ? {} : { designEffect, photosPerCreator });
    const { detectable } = known(said, 600);
    const creators = world.sizes.flatMap((size, creator) => Array.from({ length: size }, () => creator));
    let [found, effects] = [0, 0];
    for (let i = 0; i < SETS; i += 1) {
      const pairs = drawSet(world, discordant, detectable ?? 0);
      if (pairedDifference(pairs, sizes && creators).p < 0.05) found += 1;
      effects += pairFacts(pairs, creators).designEffect / SETS;
    }
    expect(Math.abs(found / SETS - 0.8)).toBeLessThan(TOLERANCE);
    expect(Math.abs(effects / designEffect - 1)).toBeLessThan(0.15);
  });
});
