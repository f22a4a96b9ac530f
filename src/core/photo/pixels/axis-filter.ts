import type { Interpolation } from '../../kernel/interpolation.ts';

/**
 * The weights of Pillow's filters with antialiasing for one axis (`src/libImaging/Resample.c`, `precompute_coeffs` and
 * `normalize_coeffs_8bpc`), laid out for the module.
 *
 * Weights are whole multiples of 2^-22 and add up to one except for their own rounding. While `MAX_SCALE` holds, sums fit 32 bits.
 */

interface Kernel {
  /** How far it reaches, in pixels of the smaller picture. */
  readonly support: number;
  /** The share of a pixel at a distance of `x` >= 0, before shares are scaled to a sum of 1. */
  readonly shareAt: (x: number) => number;
}

const KERNELS: Readonly<Record<Interpolation, Kernel>> = {
  'bilinear-antialias': { support: 1, shareAt: (x) => Math.max(0, 1 - x) },
  'bicubic-antialias': { support: 2, shareAt: bicubic },
  lanczos: { support: 3, shareAt: (x) => (x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function bicubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}

/** Output pixel `i` is the weighted sum of the source pixels from `starts[i]` on. */
export interface AxisFilter {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** The same number in pairs: an odd last pixel is paired with the pixel that follows it, at weight 0. */
  readonly pairs: Int32Array;
  /** Number of pairs of all output pixels before `i`, for `i` up to the length of the output. */
  readonly pairsBefore: Int32Array;
  /** Four values for each pair: the high parts of both weights, then the low parts; weight = high * 2^11 + low. */
  readonly weights: Int16Array;
}

const ONE = 2 ** 22;
const LOW_BITS = 11;
const LOW_MASK = 2 ** LOW_BITS - 1;
/** Source pixels per output pixel. */
export const MAX_SCALE = 8_000;
/** A filter takes about 10 kB. Photos have few sizes, because sources scale them to one longer side. */
const MAX_CACHED_FILTERS = 256;
/** For a longer output (a picture as thin as a line) the filter has just the part that is needed, and is not cached. */
const MAX_WHOLE_LENGTH = 2 ** 16;

export interface Span {
  readonly first: number;
  readonly count: number;
}

const cachedFilters = new Map<string, AxisFilter>();

export interface Axis {
  readonly sourceLength: number;
  readonly length: number;
  readonly interpolation: Interpolation;
}

/** The filter with the outputs of `span`, and the position of the first of them in it. */
export function axisFilterOver(axis: Axis, span: Span): { readonly filter: AxisFilter; readonly span: Span } {
  if (axis.length <= MAX_WHOLE_LENGTH) return { filter: axisFilter(axis), span };
  return { filter: makeAxisFilter(axis, span), span: { ...span, first: 0 } };
}

function axisFilter(axis: Axis): AxisFilter {
  const key = `${axis.sourceLength}>${axis.length} ${axis.interpolation}`;
  const cached = cachedFilters.get(key);
  if (cached !== undefined) return cached;
  const filter = makeAxisFilter(axis, { first: 0, count: axis.length });
  const [oldest] = cachedFilters.keys();
  if (cachedFilters.size >= MAX_CACHED_FILTERS && oldest !== undefined) cachedFilters.delete(oldest);
  cachedFilters.set(key, filter);
  return filter;
}

/** Computes the weights in Pillow's order of operations, because their last bits depend on it. */
function makeAxisFilter({ sourceLength, length, interpolation }: Axis, { first, count }: Span): AxisFilter {
  const scale = sourceLength / length;
  if (scale > MAX_SCALE) {
    throw new RangeError(
      `Expected at most ${MAX_SCALE}-fold shrinking but received ${sourceLength} to ${length} pixels`,
    );
  }
  const kernel = KERNELS[interpolation];
  const widening = Math.max(1, scale);
  const support = kernel.support * widening;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const pairs = new Int32Array(count);
  const pairsBefore = new Int32Array(count + 1);
  const weights: number[] = [];
  for (let i = 0; i < count; i++) {
    const center = (first + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(sourceLength, Math.trunc(center + support + 0.5));
    starts[i] = start;
    counts[i] = end - start;
    pairs[i] = Math.ceil((end - start) / 2);
    pushPairs(weights, weightsOf(kernel, { start, end, center, narrowing: 1 / widening }));
    pairsBefore[i + 1] = weights.length / 4;
  }
  return { starts, counts, pairs, pairsBefore, weights: Int16Array.from(weights) };
}

/** In units of 2^-22. */
function weightsOf(kernel: Kernel, at: { start: number; end: number; center: number; narrowing: number }): number[] {
  const { start, end, center, narrowing } = at;
  const shares: number[] = [];
  for (let s = start; s < end; s++) shares.push(kernel.shareAt(Math.abs((s - center + 0.5) * narrowing)));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => Math.trunc((share / total) * ONE + (share < 0 ? -0.5 : 0.5)));
}

function pushPairs(to: number[], weights: readonly number[]): void {
  for (let k = 0; k < weights.length; k += 2) {
    const first = weights[k] ?? 0;
    const second = weights[k + 1] ?? 0;
    to.push(first >> LOW_BITS, second >> LOW_BITS, first & LOW_MASK, second & LOW_MASK);
  }
}
