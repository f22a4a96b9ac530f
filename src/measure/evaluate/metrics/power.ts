import { tQuantile, tTail } from '../../../core/kernel/student-t.ts';
import { countOf } from '../../../core/kernel/texts.ts';
import { firstWhere, logFactorials } from '../../../core/review/acceptance/hypergeometric.ts';

/** How pairs of models differ on photos like those measured. Shares are fractions, 0..1. */
export interface PairDesign {
  /** The share of photos that only one model of a pair gets right: the least and the largest of all pairs. */
  readonly discordantLow: number;
  readonly discordantHigh: number;
  /** Variance of a difference by creators, over that of independent photos: the mean of the pairs, at least 1. */
  readonly designEffect: number;
  /** n / ((Σm)² / Σm²), as in `by-creator.ts`. Null if the creators are unknown: then p is McNemar's alone. */
  readonly photosPerCreator: number | null;
}

export interface Power extends PairDesign {
  readonly photos: number;
  /** The smallest difference, 0..1, that the test finds in 80 of 100 sets; null: none. */
  readonly detectable: number | null;
  /** Photos for a difference of so many points; null: more than a million. */
  readonly photosFor: Readonly<Record<string, number | null>>;
}

/** Why there is none: the set is too small for what its models and creators are like. */
export interface NoPower extends PairDesign {
  readonly photos: number;
  readonly reason: string;
}

const POWER = 0.8;
const MOST_PHOTOS = 1_000_000;
const LEAST_CREATORS = 5;
/** If creators are known. In simulations with fewer the test finds a difference more often than is said, because few creators decide. */
const LEAST_DISCORDANT = 30;
const POINTS = [1, 2, 5];
const Z = 1.959_963_984_540_054;
/** Steps of the smallest difference, in a share of 1: 0.01 points. */
const STEPS = 10_000;

/**
 * The difference that a paired test (`pairedDifference`, p < 0.05) finds on so many photos, and how many it needs for others, for the
 * pair with the largest discordant share. Its creators grow in proportion.
 */
export function powerOf(design: PairDesign, photos: number, points: readonly number[] = []): Power | NoPower {
  const reason = whyTooFew(design, photos, design.discordantHigh);
  if (reason !== null) return { photos, ...design, reason };
  const finds = (count: number, difference: number): boolean =>
    whyTooFew(design, count, Math.max(design.discordantHigh, difference)) === null &&
    chanceToFind(design, count, difference) >= POWER;
  const step = firstWhere(STEPS, (i) => i > 0 && finds(photos, i / STEPS));
  const photosFor = [...new Set([...POINTS, ...points])].map((each): [string, number | null] => {
    let most = LEAST_CREATORS;
    while (most < MOST_PHOTOS && !finds(most, each / 100)) most = Math.min(MOST_PHOTOS, 2 * most);
    const needed = firstWhere(most, (count) => finds(count, each / 100));
    return [String(each), needed > MOST_PHOTOS ? null : needed];
  });
  return {
    photos,
    ...design,
    detectable: step > STEPS ? null : step / STEPS,
    photosFor: Object.fromEntries(photosFor),
  };
}

function whyTooFew({ photosPerCreator, designEffect }: PairDesign, photos: number, discordant: number): string | null {
  const creators = photos / (photosPerCreator ?? 1);
  if (creators < LEAST_CREATORS)
    return `${countOf(photos, 'photo')} ${photosPerCreator === null ? 'are too few' : `count as ${tenthsText(creators)} creators`}. The test needs ${LEAST_CREATORS} or more.`;
  const differing = (photos * discordant) / designEffect;
  if (photosPerCreator === null || differing >= LEAST_DISCORDANT) return null;
  return `Two models differ on photos that count as ${tenthsText(differing)} independent ones. The test needs ${LEAST_DISCORDANT} or more.`;
}

/** Rounded down, because 4.99 is too few if 5 are needed. */
const tenthsText = (value: number): string => (Math.floor(10 * value) / 10).toFixed(1);

/** The power of the test, 0..1, in the direction of the difference. */
export function chanceToFind(
  { discordantHigh, designEffect, photosPerCreator }: PairDesign,
  photos: number,
  difference: number,
): number {
  const discordant = Math.max(discordantHigh, difference);
  return photosPerCreator === null
    ? exactPower(photos, discordant, difference)
    : clusteredPower(photos, { designEffect, creators: photos / photosPerCreator }, { discordant, difference });
}

/** In standard deviations, how far sums over the number of discordant photos reach, and the part of one that is a step. */
const REACH = 5;
const PARTS = 8;
let factorials = logFactorials(1_000);

/**
 * McNemar's exact test: the mean over the number of discordant photos, which is binomial, of the chance that few enough of them
 * favour the worse model. The usual formula needs 3 to 10 % fewer photos.
 */
function exactPower(photos: number, discordant: number, difference: number): number {
  if (factorials.length <= photos) factorials = logFactorials(2 * photos);
  const [mean, sd] = [photos * discordant, Math.sqrt(photos * discordant * (1 - discordant))];
  let [power, weights] = [0, 0];
  const last = Math.min(photos, Math.ceil(mean + REACH * sd));
  for (
    let trials = Math.max(0, Math.floor(mean - REACH * sd));
    trials <= last;
    trials += Math.max(1, Math.floor(sd / PARTS))
  ) {
    const weight = binomial(trials, photos, discordant);
    weights += weight;
    power += weight * upTo(criticalOf(trials), trials, (1 - difference / discordant) / 2);
  }
  return power / weights;
}

function binomial(found: number, trials: number, share: number): number {
  if (share <= 0 || share >= 1) return found === share * trials ? 1 : 0;
  const [all = 0, some = 0, rest = 0] = [factorials[trials], factorials[found], factorials[trials - found]];
  return Math.exp(all - some - rest + found * Math.log(share) + (trials - found) * Math.log1p(-share));
}

/** P(at most `most`), summed from there down. Far above the mean terms vanish, so the sum starts below them. */
function upTo(most: number, trials: number, share: number): number {
  if (share <= 0) return most < 0 ? 0 : 1;
  const start = Math.min(most, Math.ceil(trials * share + 2 * REACH * Math.sqrt(trials * share) + REACH));
  let [sum, term] = [0, binomial(start, trials, share)];
  for (let found = start; found >= 0 && term >= 1e-12 * sum; found -= 1) {
    sum += term;
    term *= (found * (1 - share)) / ((trials - found + 1) * share);
  }
  return sum;
}

/** The most photos that the worse model alone may get right of so many, if p is to stay below 0.05; -1: none. */
function criticalOf(trials: number): number {
  let most = Math.ceil(trials / 2 - 0.95 * Math.sqrt(trials));
  while (most >= 0 && 2 * upTo(most, trials, 1 / 2) >= 0.05) most -= 1;
  return most;
}

interface Difference {
  readonly discordant: number;
  readonly difference: number;
}

/** Standard normal deviates at even steps. */
const NODES = Array.from({ length: 33 }, (_, i) => i / 4 - 4);

/**
 * The larger p of McNemar's test and the jackknife's t: the difference is normal, and must pass both limits. The jackknife's variance
 * varies as chi-square / degrees (E. B. Wilson and M. M. Hilferty 1931), and counts as at least that of independent photos.
 * McNemar's exact limit is that of the normal test with A. L. Edwards's correction (Psychometrika 13, 1948).
 */
function clusteredPower(
  photos: number,
  { designEffect, creators }: { readonly designEffect: number; readonly creators: number },
  of: Difference,
): number {
  const degrees = Math.max(1, creators - 1);
  const t = tQuantile(degrees);
  const sd = Math.sqrt((designEffect * (of.discordant - of.difference ** 2)) / photos);
  const byPhoto = limitOf(of, Z ** 2 / photos, { shift: 1 / photos, isAboutMean: false });
  let [power, weights] = [0, 0];
  for (const z of NODES) {
    const weight = Math.exp(-(z ** 2) / 2);
    const ratio = Math.max(0, 1 - 2 / (9 * degrees) + z * Math.sqrt(2 / (9 * degrees))) ** 3;
    const variance = Math.max(designEffect * ratio, 1) / photos;
    const limit = Math.max(byPhoto, limitOf(of, t ** 2 * variance, { shift: 0, isAboutMean: true }));
    weights += weight;
    power += weight * above((limit - of.difference) / sd);
  }
  return power / weights;
}

/**
 * The least difference L that a test finds: (L - shift)² = squared · D(L), or with `isAboutMean` squared · (D(L) - L²). D(L) is the
 * discordant share of sets whose difference is L. A set that by chance differs more has more discordant photos, too: D(L) is linear, with
 * the slope cov(v², v) / var(v) of photos v = 1, -1, 0.
 */
function limitOf(
  { discordant, difference }: Difference,
  squared: number,
  { shift, isAboutMean }: { readonly shift: number; readonly isAboutMean: boolean },
): number {
  const variance = discordant - difference ** 2;
  const slope = variance > 0 ? (difference * (1 - discordant)) / variance : 0;
  const square = 1 + (isAboutMean ? squared : 0);
  const half = shift + (squared * slope) / 2;
  const rest = shift ** 2 - squared * (discordant - slope * difference);
  return (half + Math.sqrt(Math.max(0, half ** 2 - square * rest))) / square;
}

/** P(Z > z) of the normal distribution: Student's with so many degrees of freedom. */
function above(z: number): number {
  const half = tTail(Math.abs(z), 1e9) / 2;
  return z < 0 ? 1 - half : half;
}
