import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { Percentiles } from '../kernel/percentiles.ts';
import type { ReviewVerdict } from './event.ts';
import type { Review } from './verdict.ts';

/** The verdicts of the first and of the second pass on one photo. */
export type VerdictPair = readonly [first: ReviewVerdict, second: ReviewVerdict];

/** What the first and the second reviewer of a photo said without knowing the other; null unless both did. */
export function blindPairOf(reviews: readonly Pick<Review, 'pass' | 'blindVerdict'>[]): VerdictPair | null {
  const [first, second] = [1, 2].map((pass) => reviews.find((review) => review.pass === pass)?.blindVerdict ?? null);
  return first == null || second == null ? null : [first, second];
}

/**
 * How far two blind passes agree. The categories accept, reject and unsure are nominal. A number is null if it is not defined:
 * without photos, or for kappa and alpha if every verdict is the same.
 */
export interface Agreement {
  /** Photos with two blind passes. */
  readonly photos: number;
  /** The share of photos with equal verdicts, 0..100. */
  readonly percent: number | null;
  /** Cohen (1960), first pass against second, -1..1; Low and High are the ends of its 95 % interval. */
  readonly cohenKappa: number | null;
  readonly cohenKappaLow: number | null;
  readonly cohenKappaHigh: number | null;
  /** Krippendorff (2011, "Computing Krippendorff's Alpha-Reliability"), nominal, at most 1. */
  readonly krippendorffAlpha: number | null;
  readonly krippendorffAlphaLow: number | null;
  readonly krippendorffAlphaHigh: number | null;
}

const CATEGORIES: readonly ReviewVerdict[] = ['accept', 'reject', 'unsure'];
const SIDE = CATEGORIES.length;
const RESAMPLES = 2_000;
const SEED = 1;

/**
 * Computes the agreement with 95 % intervals: percentiles of 2,000 bootstrap resamples of the photos, with a fixed seed. The
 * same pairs in the same order give the same numbers.
 */
export function agreementOf(pairs: readonly VerdictPair[]): Agreement {
  const cells = pairs.map(([first, second]) => CATEGORIES.indexOf(first) * SIDE + CATEGORIES.indexOf(second));
  const table = tableOf(cells);
  const kappas = new Percentiles();
  const alphas = new Percentiles();
  for (const resample of resamplesOf(cells)) {
    kappas.add(cohenKappa(resample));
    alphas.add(krippendorffAlpha(resample));
  }
  return {
    photos: pairs.length,
    percent: pairs.length === 0 ? null : (100 * agreeing(table)) / pairs.length,
    cohenKappa: cohenKappa(table),
    cohenKappaLow: kappas.at(0.025),
    cohenKappaHigh: kappas.at(0.975),
    krippendorffAlpha: krippendorffAlpha(table),
    krippendorffAlphaLow: alphas.at(0.025),
    krippendorffAlphaHigh: alphas.at(0.975),
  };
}

/** Photos by both verdicts: the first pass in rows, the second in columns. */
type Table = Float64Array;

function tableOf(cells: readonly number[]): Table {
  const table = new Float64Array(SIDE * SIDE);
  for (const cell of cells) table[cell] = (table[cell] ?? 0) + 1;
  return table;
}

function* resamplesOf(cells: readonly number[]): Generator<Table> {
  if (cells.length === 0) return;
  const random = xoroshiro128plus(SEED);
  for (let i = 0; i < RESAMPLES; i += 1) {
    const table = new Float64Array(SIDE * SIDE);
    for (let drawn = 0; drawn < cells.length; drawn += 1) {
      const cell = cells[uniformInt(random, 0, cells.length - 1)] ?? 0;
      table[cell] = (table[cell] ?? 0) + 1;
    }
    yield table;
  }
}

function agreeing(table: Table): number {
  return CATEGORIES.reduce((sum, _, i) => sum + (table[i * SIDE + i] ?? 0), 0);
}

/** How often each category was given in each pass. */
function marginsOf(table: Table): { readonly first: number[]; readonly second: number[] } {
  const first = CATEGORIES.map((_, i) => CATEGORIES.reduce((sum, __, j) => sum + (table[i * SIDE + j] ?? 0), 0));
  const second = CATEGORIES.map((_, j) => CATEGORIES.reduce((sum, __, i) => sum + (table[i * SIDE + j] ?? 0), 0));
  return { first, second };
}

function cohenKappa(table: Table): number | null {
  const { first, second } = marginsOf(table);
  const photos = first.reduce((sum, count) => sum + count, 0);
  const byChance = first.reduce((sum, count, i) => sum + (count / photos) * ((second[i] ?? 0) / photos), 0);
  const isDefined = photos > 0 && byChance < 1;
  return isDefined ? (agreeing(table) / photos - byChance) / (1 - byChance) : null;
}

/** Each photo has two verdicts, so the coincidence matrix is the table plus its transpose. */
function krippendorffAlpha(table: Table): number | null {
  const { first, second } = marginsOf(table);
  const counts = first.map((count, i) => count + (second[i] ?? 0));
  const verdicts = counts.reduce((sum, count) => sum + count, 0);
  const differing = verdicts - 2 * agreeing(table);
  const expected = verdicts ** 2 - counts.reduce((sum, count) => sum + count ** 2, 0);
  return expected === 0 ? null : 1 - ((verdicts - 1) * differing) / expected;
}

/** `winnow agreement --json`. */
export interface AgreementReport {
  readonly overall: Agreement;
  /** Classes with photos that have two passes, by wnid. */
  readonly classes: readonly (Agreement & { readonly wnid: string })[];
}

/** The agreement of each class, and of all classes together. */
export function agreementByClass(pairs: ReadonlyMap<string, readonly VerdictPair[]>): AgreementReport {
  return {
    overall: agreementOf([...pairs.values()].flat()),
    classes: [...pairs].map(([wnid, ofClass]) => ({ wnid, ...agreementOf(ofClass) })),
  };
}
