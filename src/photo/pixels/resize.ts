/**
 * Pillow's bilinear resize with antialiasing, bit for bit: `Image.resize(size, BILINEAR)` on 8-bit pictures, which is
 * what torchvision's `Resize` runs on a PIL image. Source of the method: Pillow, `src/libImaging/Resample.c`.
 *
 * The picture is filtered along its rows, rounded to 8 bits, then along its columns. When shrinking, the triangle filter
 * widens with the scale, so that every source pixel counts. An axis that keeps its length is filtered, too, with weights
 * of one, which changes nothing. The loops themselves are in WebAssembly: see `kernel.ts`.
 */
import type { RgbImage } from '../../platform/image/rgb-image.ts';
import { axisFilterOver, type AxisFilter, type Span } from './axis-filter.ts';
import { isSideLength, requireBoxWithin } from './box.ts';
import type { Box, Size } from './box.ts';
import { withKernel, type Address, type PixelKernel } from './kernel.ts';

export type { Box, Size } from './box.ts';

const STRIP_ROWS = 64;

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
  const { filter: across, span: columns } = axisFilterOver(image.width, target.width, {
    first: box.left,
    count: box.width,
  });
  const { filter: down, span: outRows } = axisFilterOver(image.height, target.height, {
    first: box.top,
    count: box.height,
  });
  const sourceRows = sourceSpan(down, outRows);
  // The output is written in 32-bit words, so a row needs one byte more than its pixels. Rows are padded to whole
  // blocks, so that loads are aligned.
  const narrowedStride = roundUp(box.width * 3 + 1, 16);
  const narrowedBytes = (sourceRows.count + 1) * narrowedStride;
  const outBytes = box.width * box.height * 3;
  const stripBytes = Math.min(STRIP_ROWS, sourceRows.count) * image.width * 3;
  const room = tableBytes(across) + tableBytes(down) + narrowedBytes + outBytes + stripBytes;
  return withKernel(room, (kernel) => {
    const narrowed = { at: kernel.take(narrowedBytes), stride: narrowedStride };
    narrowRows(kernel, { image, filter: across, columns, sourceRows, narrowed });
    const out = kernel.take(outBytes);
    const starts = partOf(down.starts, outRows).map((start) => (start - sourceRows.first) * narrowedStride);
    const { pairs, weights } = putTables(kernel, down, outRows);
    const { at, stride } = narrowed;
    kernel.filterDownColumns(at, stride, box.height, out, box.width * 3, kernel.put(starts), pairs, weights);
    return { width: box.width, height: box.height, data: kernel.bytes.slice(out, out + outBytes) };
  });
}

function narrowRows(
  kernel: PixelKernel,
  part: {
    readonly image: RgbImage;
    readonly filter: AxisFilter;
    readonly columns: Span;
    readonly sourceRows: Span;
    readonly narrowed: { readonly at: Address; readonly stride: number };
  },
): void {
  const { image, filter, columns, sourceRows, narrowed } = part;
  const stride = image.width * 3;
  const strip = kernel.take(Math.min(STRIP_ROWS, sourceRows.count) * stride);
  const starts = kernel.put(partOf(filter.starts, columns).map((start) => start * 3));
  const { pairs, weights } = putTables(kernel, filter, columns);
  for (let y = 0; y < sourceRows.count; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, sourceRows.count - y);
    const from = (sourceRows.first + y) * stride;
    kernel.bytes.set(image.data.subarray(from, from + rows * stride), strip);
    const to = narrowed.at + y * narrowed.stride;
    kernel.filterAlongRows(strip, stride, rows, to, narrowed.stride, columns.count, starts, pairs, weights);
  }
}

function putTables(kernel: PixelKernel, filter: AxisFilter, span: Span): { pairs: Address; weights: Address } {
  const from = filter.pairsBefore[span.first] ?? 0;
  const to = filter.pairsBefore[span.first + span.count] ?? 0;
  return {
    pairs: kernel.put(partOf(filter.pairs, span)),
    weights: kernel.put(filter.weights.subarray(from * 4, to * 4)),
  };
}

function partOf(values: Int32Array, { first, count }: Span): Int32Array {
  return values.subarray(first, first + count);
}

function tableBytes(filter: AxisFilter): number {
  return filter.starts.byteLength + filter.pairs.byteLength + filter.weights.byteLength;
}

function sourceSpan(filter: AxisFilter, out: Span): Span {
  const last = out.first + out.count - 1;
  const first = filter.starts[out.first] ?? 0;
  return { first, count: (filter.starts[last] ?? 0) + (filter.counts[last] ?? 0) - first };
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

function requireWholeImage(image: RgbImage): void {
  const { width, height, data } = image;
  if (isSideLength(width) && isSideLength(height) && data.length === width * height * 3) return;
  throw new RangeError(`Expected 3 bytes for each pixel of a ${width} x ${height} picture but received ${data.length}`);
}
