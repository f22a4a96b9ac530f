/**
 * Pillow's bilinear resize with antialiasing, bit for bit: `Image.resize(size, BILINEAR)` on 8-bit pictures, which is
 * what torchvision's `Resize` runs on a PIL image. Source of the method: Pillow, `src/libImaging/Resample.c`.
 *
 * The picture is filtered along its rows, rounded to 8 bits, then along its columns; an axis that keeps its length is
 * not filtered. When shrinking, the triangle filter widens with the scale, so that every source pixel counts.
 *
 * Weights are whole multiples of 2^-22. They are never negative and add up to one but for their own rounding, so sums
 * fit 32 bits, and no clipping is needed while `MAX_SCALE` holds.
 *
 * The `?? 0` are for the compiler only: indices are in range by construction, and they cost no time (measured).
 */
import type { RgbImage } from '../rgb-image.ts';
import { isSideLength, requireBoxWithin } from './box.ts';
import type { Box, Size } from './box.ts';

export type { Box, Size } from './box.ts';

/** One axis of a resize: output pixel `i` is the weighted sum of the `counts[i]` source pixels from `starts[i]` on. */
interface AxisFilter {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** Weights set aside for each output pixel, of which it uses the first `counts[i]`. */
  readonly stride: number;
  /** In units of 2^-22. */
  readonly weights: Int32Array;
}

/** Rows of interleaved RGB bytes somewhere in an array. */
interface Rows {
  readonly data: Uint8Array;
  /** Index of the first byte. */
  readonly offset: number;
  /** Bytes from the start of one row to the start of the next. */
  readonly stride: number;
}

/** A stretch of rows or columns. */
interface Span {
  readonly first: number;
  readonly count: number;
}

const PRECISION_BITS = 32 - 8 - 2;
const ONE = 2 ** PRECISION_BITS;
/** Sums start at one half, which turns the shift at their end into rounding. */
const HALF = ONE / 2;
/** Source pixels per output pixel. Above 8,223 the rounding errors of the weights could carry a sum past 255. */
const MAX_SCALE = 8_000;
/** A filter takes some 10 kB. A run meets the few sizes that its sources deliver, times the models' sizes. */
const MAX_CACHED_FILTERS = 64;

const cachedFilters = new Map<string, AxisFilter>();

/**
 * The size that torchvision's `Resize(shorter)` gives: the shorter side becomes `shorter` pixels, the other one
 * `int(shorter * long / short)`, truncated and not rounded.
 */
export function shorterSideSize(size: Size, shorter: number): Size {
  const { width, height } = size;
  return width <= height
    ? { width: shorter, height: Math.trunc((shorter * height) / width) }
    : { width: Math.trunc((shorter * width) / height), height: shorter };
}

/** The whole picture at `width` x `height` pixels. Throws a RangeError unless both are positive whole numbers. */
export function resizeBilinear(image: RgbImage, width: number, height: number): RgbImage {
  return resizeRegion(image, { width, height }, { left: 0, top: 0, width, height });
}

/**
 * The part `box` of the picture resized to `target`: exactly the bytes that a full resize has there, but only the rows
 * and columns that the part needs are computed. Throws a RangeError if `box` is not within `target`.
 */
export function resizeRegion(image: RgbImage, target: Size, box: Box): RgbImage {
  requireWholeImage(image);
  requireBoxWithin(box, target);
  const across = image.width === target.width ? undefined : axisFilter(image.width, target.width);
  const down = image.height === target.height ? undefined : axisFilter(image.height, target.height);
  const columns = { first: box.left, count: box.width };
  const outRows = { first: box.top, count: box.height };
  const sourceRows = down === undefined ? outRows : sourceSpan(down, outRows);

  const stride = image.width * 3;
  const source = { data: image.data, offset: sourceRows.first * stride, stride };
  const narrowed =
    across === undefined
      ? { ...source, offset: source.offset + box.left * 3 }
      : filterAlongRows(source, across, { columns, rowCount: sourceRows.count });
  const data =
    down === undefined
      ? copyRows(narrowed, box.width * 3, box.height)
      : filterDownColumns(narrowed, down, { rows: outRows, firstSourceRow: sourceRows.first, rowBytes: box.width * 3 });
  return { width: box.width, height: box.height, data };
}

/** The source rows (or columns) that `out` is made from. */
function sourceSpan(filter: AxisFilter, out: Span): Span {
  const last = out.first + out.count - 1;
  const first = filter.starts[out.first] ?? 0;
  return { first, count: (filter.starts[last] ?? 0) + (filter.counts[last] ?? 0) - first };
}

/** Horizontal pass: the output columns `columns` of `rowCount` source rows. */
function filterAlongRows(
  source: Rows,
  filter: AxisFilter,
  part: { readonly columns: Span; readonly rowCount: number },
): Rows {
  const { data } = source;
  const { starts, counts, stride, weights } = filter;
  const { first, count } = part.columns;
  const out = new Uint8Array(count * part.rowCount * 3);
  let to = 0;
  for (let y = 0; y < part.rowCount; y++) {
    const rowStart = source.offset + y * source.stride;
    for (let x = first; x < first + count; x++) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let from = rowStart + (starts[x] ?? 0) * 3;
      const weightsEnd = x * stride + (counts[x] ?? 0);
      for (let k = x * stride; k < weightsEnd; k++, from += 3) {
        const weight = weights[k] ?? 0;
        red = (red + Math.imul(data[from] ?? 0, weight)) | 0;
        green = (green + Math.imul(data[from + 1] ?? 0, weight)) | 0;
        blue = (blue + Math.imul(data[from + 2] ?? 0, weight)) | 0;
      }
      out[to] = red >> PRECISION_BITS;
      out[to + 1] = green >> PRECISION_BITS;
      out[to + 2] = blue >> PRECISION_BITS;
      to += 3;
    }
  }
  return { data: out, offset: 0, stride: count * 3 };
}

/** Vertical pass: the output rows `rows`. The rows of `source` begin with the picture's row `firstSourceRow`. */
function filterDownColumns(
  source: Rows,
  filter: AxisFilter,
  part: { readonly rows: Span; readonly firstSourceRow: number; readonly rowBytes: number },
): Uint8Array {
  const { rows, rowBytes } = part;
  const out = new Uint8Array(rowBytes * rows.count);
  const sums = new Int32Array(rowBytes);
  for (let i = 0; i < rows.count; i++) {
    const y = rows.first + i;
    const start = source.offset + ((filter.starts[y] ?? 0) - part.firstSourceRow) * source.stride;
    const weights = filter.weights.subarray(y * filter.stride, y * filter.stride + (filter.counts[y] ?? 0));
    sums.fill(HALF);
    for (let k = 0; k < weights.length; k += 4) {
      addFourRows(sums, { ...source, offset: start + k * source.stride }, weights.subarray(k, k + 4));
    }
    const to = i * rowBytes;
    for (let x = 0; x < rowBytes; x++) out[to + x] = (sums[x] ?? 0) >> PRECISION_BITS;
  }
  return out;
}

/**
 * Adds up to four weighted rows to `sums` at once, which spares three of four trips through `sums` (1.7 times faster
 * than row by row). For missing rows the last one stands in with weight 0, so that nothing is read past the end.
 */
function addFourRows(sums: Int32Array, rows: Rows, weights: Int32Array): void {
  const { data } = rows;
  const [weight0 = 0, weight1 = 0, weight2 = 0, weight3 = 0] = weights;
  const rowStart = (k: number): number => rows.offset + Math.min(k, weights.length - 1) * rows.stride;
  const row0 = rowStart(0);
  const row1 = rowStart(1);
  const row2 = rowStart(2);
  const row3 = rowStart(3);
  for (let x = 0; x < sums.length; x++) {
    sums[x] =
      (sums[x] ?? 0) +
      Math.imul(data[row0 + x] ?? 0, weight0) +
      Math.imul(data[row1 + x] ?? 0, weight1) +
      Math.imul(data[row2 + x] ?? 0, weight2) +
      Math.imul(data[row3 + x] ?? 0, weight3);
  }
}

function copyRows(source: Rows, rowBytes: number, rowCount: number): Uint8Array {
  const out = new Uint8Array(rowBytes * rowCount);
  for (let y = 0; y < rowCount; y++) {
    const from = source.offset + y * source.stride;
    out.set(source.data.subarray(from, from + rowBytes), y * rowBytes);
  }
  return out;
}

/** The filter from `sourceLength` to `length` pixels, kept for the next picture of that size. */
function axisFilter(sourceLength: number, length: number): AxisFilter {
  const key = `${sourceLength}>${length}`;
  const cached = cachedFilters.get(key);
  if (cached !== undefined) return cached;
  const filter = makeAxisFilter(sourceLength, length);
  const [oldest] = cachedFilters.keys();
  if (cachedFilters.size >= MAX_CACHED_FILTERS && oldest !== undefined) cachedFilters.delete(oldest);
  cachedFilters.set(key, filter);
  return filter;
}

/** In double precision and in Pillow's order of operations, because the last bit of a weight depends on it. */
function makeAxisFilter(sourceLength: number, length: number): AxisFilter {
  const scale = sourceLength / length;
  if (scale > MAX_SCALE) {
    throw new RangeError(
      `Expected at most ${MAX_SCALE}-fold shrinking but received ${sourceLength} to ${length} pixels`,
    );
  }
  const support = Math.max(1, scale);
  const inverseSupport = 1 / support;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(length);
  const counts = new Int32Array(length);
  const weights = new Int32Array(length * stride);
  for (let i = 0; i < length; i++) {
    const center = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(sourceLength, Math.trunc(center + support + 0.5));
    const shares: number[] = [];
    for (let s = start; s < end; s++) shares.push(Math.max(0, 1 - Math.abs((s - center + 0.5) * inverseSupport)));
    const total = shares.reduce((sum, share) => sum + share, 0);
    starts[i] = start;
    counts[i] = end - start;
    for (const [k, share] of shares.entries()) weights[i * stride + k] = Math.trunc(0.5 + (share / total) * ONE);
  }
  return { starts, counts, stride, weights };
}

function requireWholeImage(image: RgbImage): void {
  const { width, height, data } = image;
  if (isSideLength(width) && isSideLength(height) && data.length === width * height * 3) return;
  throw new RangeError(`Expected 3 bytes for each pixel of a ${width} x ${height} picture but received ${data.length}`);
}
