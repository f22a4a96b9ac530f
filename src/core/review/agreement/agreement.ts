import { tQuantile } from '../../kernel/student-t.ts';
import type { ReviewVerdict } from '../events/event.ts';
import type { Review } from '../events/verdict.ts';

/** Photos by their blind verdicts, at least two, in the order of the passes: `accept,reject` -> 12. */
export type VerdictCounts = ReadonlyMap<string, number>;

/** In the order of the passes, as `reviews` must be. */
export function blindVerdictsOf(reviews: readonly Pick<Review, 'blindVerdict'>[]): ReviewVerdict[] {
  return reviews.flatMap(({ blindVerdict }) => (blindVerdict === null ? [] : [blindVerdict]));
}

export function addVerdicts(counts: Map<string, number>, verdicts: readonly ReviewVerdict[]): void {
  const key = verdicts.join();
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Photos that the first two blind verdicts accept, and those for which their reviewers name different further classes. */
export interface FurtherClassCounts {
  photos: number;
  differ: number;
}

export function countFurtherClasses(
  counts: FurtherClassCounts,
  reviews: readonly Pick<Review, 'blindVerdict' | 'alsoWnids'>[],
): void {
  const [first, second] = reviews.filter(({ blindVerdict }) => blindVerdict !== null);
  if (first?.blindVerdict !== 'accept' || second?.blindVerdict !== 'accept') return;
  counts.photos += 1;
  if (first.alsoWnids.join() !== second.alsoWnids.join()) counts.differ += 1;
}

/**
 * How far blind passes agree. The categories accept, reject and unsure are nominal. A number is null if it is not defined:
 * without photos, or for kappa and alpha if every verdict is the same. Intervals are null, too, below 10 photos, and if all photos
 * but one have the same verdict in all passes: no method that we tried covers the truth often enough then.
 */
export interface Agreement {
  readonly photos: number;
  /** Photos with equal verdicts in the first and the second pass, 0..100. */
  readonly percent: number | null;
  /** Cohen (1960), first pass against second, -1..1; Low and High are the ends of its 95 % interval. */
  readonly cohenKappa: number | null;
  readonly cohenKappaLow: number | null;
  readonly cohenKappaHigh: number | null;
  /** Krippendorff (2011, "Computing Krippendorff's Alpha-Reliability"), nominal, of all passes, at most 1. */
  readonly krippendorffAlpha: number | null;
  readonly krippendorffAlphaLow: number | null;
  readonly krippendorffAlphaHigh: number | null;
}

/** Below these, kappa and alpha have no interval: photos, and photos that do not have the commonest verdict in all passes. */
const LEAST_PHOTOS = 10;
const LEAST_OTHERS = 2;

export function agreementOf(counts: VerdictCounts): Agreement {
  const patterns = [...counts].map(([key, photos]) => ({ verdicts: key.split(',').map(categoryOf), photos }));
  const photos = sum(patterns.map((pattern) => pattern.photos));
  const kappa = estimateOf(cohenKappa, patterns, photos);
  const alpha = estimateOf(krippendorffAlpha, patterns, photos);
  return {
    photos,
    percent: orNull((100 * agreeing(patterns)) / photos),
    cohenKappa: kappa.value,
    cohenKappaLow: kappa.low,
    cohenKappaHigh: kappa.high,
    krippendorffAlpha: alpha.value,
    krippendorffAlphaLow: alpha.low,
    krippendorffAlphaHigh: alpha.high,
  };
}

const CATEGORIES: readonly string[] = ['accept', 'reject', 'unsure'] satisfies ReviewVerdict[];
const categoryOf = (verdict: string): number => CATEGORIES.indexOf(verdict);

/** Photos with the same verdicts, which are positions in `CATEGORIES`, in the order of the passes. */
interface Pattern {
  readonly verdicts: readonly number[];
  readonly photos: number;
}

/** A number and its slopes: how fast it changes with the number of photos of each pattern. NaN where it is not defined. */
interface Sloped {
  readonly value: number;
  readonly slopes: readonly number[];
}
type Statistic = (patterns: readonly Pattern[]) => Sloped;

interface Estimate {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/**
 * Parts of a photo that are added for each pair of verdicts before an interval is computed, so that few photos that all agree
 * are no proof of perfect agreement (as Agresti and Coull, 1998, do for a share). Chosen by simulation, see docs/design/review.md.
 */
const ADDED: readonly Pattern[] = CATEGORIES.flatMap((_, first) =>
  CATEGORIES.map((__, second) => ({ verdicts: [first, second], photos: first === second ? 0.4 : 0.25 })),
);

/**
 * The interval is that of the delta method: centre ± t·sqrt(Σ wᵢsᵢ² - (Σ wᵢsᵢ)² / Σ wᵢ), with the slopes sᵢ of the statistic in the
 * number wᵢ of photos of each pattern. For kappa the root is the standard error of Fleiss, Cohen and Everitt (1969, "Large sample
 * standard errors of kappa and weighted kappa"). Centre and slopes are those after `ADDED`.
 */
function estimateOf(statistic: Statistic, patterns: readonly Pattern[], photos: number): Estimate {
  const { value } = statistic(patterns);
  if (photos < LEAST_PHOTOS || photos - commonest(patterns) < LEAST_OTHERS)
    return { value: orNull(value), low: null, high: null };
  const smoothed = [...patterns, ...ADDED];
  const { value: centre, slopes } = statistic(smoothed);
  const moment = (power: number): number => sum(smoothed.map((one, i) => one.photos * (slopes[i] ?? 0) ** power));
  const half = tQuantile(photos - 1) * Math.sqrt(moment(2) - moment(1) ** 2 / moment(0));
  return {
    value,
    low: Math.min(value, Math.max(-1, centre - half)),
    high: Math.max(value, Math.min(1, centre + half)),
  };
}

/** With n photos, a of them with equal verdicts, and S the sum over categories of their numbers in both passes: (na - S) / (n² - S). */
function cohenKappa(patterns: readonly Pattern[]): Sloped {
  const [first, second] = [0, 1].map((pass) => totalsOf(patterns, ({ verdicts }) => verdicts.slice(pass, pass + 1)));
  const photos = sum(patterns.map((one) => one.photos));
  const equal = agreeing(patterns);
  const byChance = sum(CATEGORIES.map((_, i) => (first?.[i] ?? 0) * (second?.[i] ?? 0)));
  const most = photos ** 2 - byChance;
  const value = (photos * equal - byChance) / most;
  const slopes = patterns.map(({ verdicts: [one = 0, other = 0] }) => {
    const more = (second?.[one] ?? 0) + (first?.[other] ?? 0);
    return (equal + (one === other ? photos : 0) - more - value * (2 * photos - more)) / most;
  });
  return { value, slopes };
}

/**
 * With N verdicts and D differing pairs, where a pair on a photo with m verdicts counts 1 / (m - 1): 1 - (N - 1)D / E,
 * with E the number of differing pairs among all verdicts.
 */
function krippendorffAlpha(patterns: readonly Pattern[]): Sloped {
  const totals = totalsOf(patterns, ({ verdicts }) => verdicts);
  const verdicts = sum(totals);
  const pairs = patterns.map(differingPairs);
  const differing = sum(patterns.map(({ photos }, i) => photos * (pairs[i] ?? 0)));
  const expected = verdicts ** 2 - sum(totals.map((total) => total ** 2));
  const rest = ((verdicts - 1) * differing) / expected;
  const slopes = patterns.map((one, i) => {
    const more = 2 * sum(one.verdicts.map((verdict) => verdicts - (totals[verdict] ?? 0)));
    return (rest * more - one.verdicts.length * differing - (verdicts - 1) * (pairs[i] ?? 0)) / expected;
  });
  return { value: 1 - rest, slopes };
}

function differingPairs({ verdicts }: Pattern): number {
  const others = verdicts.map((verdict) => verdicts.filter((other) => other !== verdict).length);
  return sum(others) / (verdicts.length - 1);
}

function totalsOf(patterns: readonly Pattern[], verdictsOf: (pattern: Pattern) => readonly number[]): number[] {
  const totals = CATEGORIES.map(() => 0);
  for (const pattern of patterns)
    for (const verdict of verdictsOf(pattern)) totals[verdict] = (totals[verdict] ?? 0) + pattern.photos;
  return totals;
}

function agreeing(patterns: readonly Pattern[]): number {
  return sum(patterns.map(({ verdicts, photos }) => (verdicts[0] === verdicts[1] ? photos : 0)));
}

/** Photos that have the same verdict in all passes, for the verdict that most of them have. */
function commonest(patterns: readonly Pattern[]): number {
  const unanimous = (category: number): Pattern[] =>
    patterns.filter(({ verdicts }) => verdicts.every((verdict) => verdict === category));
  return Math.max(...CATEGORIES.map((_, category) => sum(unanimous(category).map(({ photos }) => photos))));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const orNull = (number: number): number | null => (Number.isNaN(number) ? null : number);

/** `winnow agreement --json`. */
export interface AgreementReport {
  readonly overall: Agreement;
  readonly classes: readonly (Agreement & { readonly wnid: string })[];
  /** Reports of an older winnow lack it. */
  readonly furtherClasses?: Readonly<FurtherClassCounts>;
}

export function agreementByClass(classes: ReadonlyMap<string, VerdictCounts>): AgreementReport {
  const all = new Map<string, number>();
  for (const counts of classes.values())
    for (const [verdicts, photos] of counts) all.set(verdicts, (all.get(verdicts) ?? 0) + photos);
  return {
    overall: agreementOf(all),
    classes: [...classes].map(([wnid, counts]) => ({ wnid, ...agreementOf(counts) })),
  };
}
