/**
 * The weights of Pillow's bilinear filter with antialiasing for one axis (`src/libImaging/Resample.c`,
 * `precompute_coeffs` and `normalize_coeffs_8bpc`), laid out for the module.
 *
 * Weights are whole multiples of 2^-22. They are never negative and add up to one except for their own rounding. Sums
 * therefore fit 32 bits, and no clipping is needed while `MAX_SCALE` holds.
 */

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
/** Source pixels per output pixel. Above 8,223 the rounding errors of the weights could carry a sum past 255. */
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

/** The filter with the outputs of `span`, and the position of the first of them in it. */
export function axisFilterOver(
  sourceLength: number,
  length: number,
  span: Span,
): { readonly filter: AxisFilter; readonly span: Span } {
  if (length <= MAX_WHOLE_LENGTH) return { filter: axisFilter(sourceLength, length), span };
  return { filter: makeAxisFilter(sourceLength, length, span), span: { ...span, first: 0 } };
}

function axisFilter(sourceLength: number, length: number): AxisFilter {
  const key = `${sourceLength}>${length}`;
  const cached = cachedFilters.get(key);
  if (cached !== undefined) return cached;
  const filter = makeAxisFilter(sourceLength, length, { first: 0, count: length });
  const [oldest] = cachedFilters.keys();
  if (cachedFilters.size >= MAX_CACHED_FILTERS && oldest !== undefined) cachedFilters.delete(oldest);
  cachedFilters.set(key, filter);
  return filter;
}

/** Computes the weights in Pillow's order of operations, because their last bits depend on it. */
function makeAxisFilter(sourceLength: number, length: number, { first, count }: Span): AxisFilter {
  const scale = sourceLength / length;
  if (scale > MAX_SCALE) {
    throw new RangeError(
      `Expected at most ${MAX_SCALE}-fold shrinking but received ${sourceLength} to ${length} pixels`,
    );
  }
  const support = Math.max(1, scale);
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
    pushPairs(weights, weightsOf({ start, end, center, inverseSupport: 1 / support }));
    pairsBefore[i + 1] = weights.length / 4;
  }
  return { starts, counts, pairs, pairsBefore, weights: Int16Array.from(weights) };
}

/** In units of 2^-22. */
function weightsOf(at: { start: number; end: number; center: number; inverseSupport: number }): number[] {
  const { start, end, center, inverseSupport } = at;
  const shares: number[] = [];
  for (let s = start; s < end; s++) shares.push(Math.max(0, 1 - Math.abs((s - center + 0.5) * inverseSupport)));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return shares.map((share) => Math.trunc(0.5 + (share / total) * ONE));
}

function pushPairs(to: number[], weights: readonly number[]): void {
  for (let k = 0; k < weights.length; k += 2) {
    const first = weights[k] ?? 0;
    const second = weights[k + 1] ?? 0;
    to.push(first >> LOW_BITS, second >> LOW_BITS, first & LOW_MASK, second & LOW_MASK);
  }
}
