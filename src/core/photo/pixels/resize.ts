import type { Interpolation } from '../../kernel/interpolation.ts';
import type { RgbImage, LumaImage, Size } from '../../platform/image/raster.ts';
import { axisFilterOver, type AxisFilter, type Span } from './axis-filter.ts';
import { isSideLength, requireBoxWithin, type Box } from './box.ts';
import { withPixelModule, type Address, type PixelModule } from './pixel-module.ts';

/**
 * Pillow's resize with antialiasing, bit for bit: `Image.resize(size, BILINEAR)` (or `BICUBIC`, `LANCZOS`) on 8-bit pictures,
 * which is what torchvision's `Resize` runs on a PIL image. Source of the method: Pillow, `src/libImaging/Resample.c`.
 *
 * The picture is filtered along its rows, rounded to 8 bits, then along its columns. (Pillow 13 takes the other order for
 * some tall pictures.) When shrinking, the filter
 * widens with the scale, so that every source pixel counts. An axis that keeps its length is filtered, too, with weights
 * of one, which changes nothing. The loops themselves are in WebAssembly: see `pixel-module.ts`.
 */

const STRIP_ROWS = 64;

/** The size that a model's photos are resized to. */
export interface ResizedTo {
  /** The shorter side of the resized picture, in pixels. */
  readonly shorterSide: number;
  /** True if both sides are as long as that, as torchvision's `Resize((side, side))` makes them. */
  readonly isSquare: boolean;
}

/** As torchvision's `Resize(shorterSide)`: the other side is `int(shorterSide * long / short)`, truncated. */
export function resizedSize({ width, height }: Size, { shorterSide: shorter, isSquare }: ResizedTo): Size {
  if (isSquare) return { width: shorter, height: shorter };
  return width <= height
    ? { width: shorter, height: Math.trunc((shorter * height) / width) }
    : { width: Math.trunc((shorter * width) / height), height: shorter };
}

export interface ResizeTarget extends Size {
  /** Default: `bilinear-antialias`. */
  readonly interpolation?: Interpolation;
}

/** The whole picture at `width` x `height` pixels. Throws a RangeError unless both are positive whole numbers. */
export function resize(image: RgbImage, target: ResizeTarget): RgbImage {
  return resizeRegion(image, target, { left: 0, top: 0, width: target.width, height: target.height });
}

/** The bytes of a full resize in `box`: nothing else is computed. @throws RangeError if `box` is not in `target` */
export function resizeRegion(image: RgbImage, target: ResizeTarget, box: Box): RgbImage {
  requireWholeImage(image);
  requireBoxWithin(box, target);
  const { interpolation = 'bilinear-antialias' } = target;
  const { filter: across, span: columns } = axisFilterOver(
    { sourceLength: image.width, length: target.width, interpolation },
    { first: box.left, count: box.width },
  );
  const { filter: down, span: outRows } = axisFilterOver(
    { sourceLength: image.height, length: target.height, interpolation },
    { first: box.top, count: box.height },
  );
  const sourceRows = sourceSpan(down, outRows);
  // The output is written in 32-bit words, so a row needs one byte more than its pixels. Rows are padded to whole
  // blocks, so that loads are aligned.
  const narrowedStride = Math.ceil((box.width * 3 + 1) / 16) * 16;
  const narrowedBytes = (sourceRows.count + 1) * narrowedStride;
  const outBytes = box.width * box.height * 3;
  const stripBytes = Math.min(STRIP_ROWS, sourceRows.count) * image.width * 3;
  const room = tableBytes(across) + tableBytes(down) + narrowedBytes + outBytes + stripBytes;
  return withPixelModule(room, (module) => {
    const narrowed = { at: module.take(narrowedBytes), stride: narrowedStride };
    narrowRows(module, { image, filter: across, columns, sourceRows, narrowed });
    const out = module.take(outBytes);
    const starts = partOf(down.starts, outRows).map((start) => (start - sourceRows.first) * narrowedStride);
    const { pairs, weights } = putTables(module, down, outRows);
    const { at, stride } = narrowed;
    module.filterDownColumns(at, stride, box.height, out, box.width * 3, module.put(starts), pairs, weights);
    return { width: box.width, height: box.height, data: module.bytes.slice(out, out + outBytes) };
  });
}

function narrowRows(
  module: PixelModule,
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
  const strip = module.take(Math.min(STRIP_ROWS, sourceRows.count) * stride);
  const starts = module.put(partOf(filter.starts, columns).map((start) => start * 3));
  const { pairs, weights } = putTables(module, filter, columns);
  for (let y = 0; y < sourceRows.count; y += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, sourceRows.count - y);
    const from = (sourceRows.first + y) * stride;
    module.bytes.set(image.data.subarray(from, from + rows * stride), strip);
    const to = narrowed.at + y * narrowed.stride;
    module.filterAlongRows(strip, stride, rows, to, narrowed.stride, columns.count, starts, pairs, weights);
  }
}

function putTables(module: PixelModule, filter: AxisFilter, span: Span): { pairs: Address; weights: Address } {
  const from = filter.pairsBefore[span.first] ?? 0;
  const to = filter.pairsBefore[span.first + span.count] ?? 0;
  return {
    pairs: module.put(partOf(filter.pairs, span)),
    weights: module.put(filter.weights.subarray(from * 4, to * 4)),
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

function requireWholeImage(image: RgbImage): void {
  const { width, height, data } = image;
  if (isSideLength(width) && isSideLength(height) && data.length === width * height * 3) return;
  throw new RangeError(`Expected 3 bytes for each pixel of a ${width} x ${height} picture but received ${data.length}`);
}

/**
 * The picture at `target` pixels, row by row, with the weights of `bilinear-antialias`. Columns are filtered before rows,
 * so a value may differ by one level from what `resize` makes of the same picture in grey.
 */
export function resizeLuma({ width, height, luma }: LumaImage, target: Size): Uint8Array {
  const down = wholeAxis(height, target.height);
  const across = wholeAxis(width, target.width);
  const sizes = { source: { width, height }, shorter: { width, height: target.height }, smaller: turned(target) };
  const planes = [sizes.source, sizes.shorter, turned(sizes.shorter), sizes.smaller, target];
  const room = planes.reduce((sum, size) => sum + planeBytes(size), tableBytes(down) + tableBytes(across));
  // All planes stay in the module's memory. New arrays for them would be more garbage than the photo's own bytes.
  return withPixelModule(room, (module) => {
    const source = module.take(planeBytes(sizes.source));
    module.bytes.set(luma, source);
    const shorter = filterDown(module, source, { width, filter: down });
    const columns = transposed(module, shorter, sizes.shorter);
    const smaller = filterDown(module, columns, { width: target.height, filter: across });
    const out = transposed(module, smaller, sizes.smaller);
    return module.bytes.slice(out, out + target.width * target.height);
  });
}

function wholeAxis(sourceLength: number, length: number): AxisFilter {
  const axis = { sourceLength, length, interpolation: 'bilinear-antialias' } as const;
  return axisFilterOver(axis, { first: 0, count: length }).filter;
}

function turned({ width, height }: Size): Size {
  return { width: height, height: width };
}

/** Bytes of a plane and one more row, which the filter of an odd number of rows reads at weight 0. */
function planeBytes({ width, height }: Size): number {
  return width * (height + 1);
}

function filterDown(
  module: PixelModule,
  source: Address,
  { width, filter }: { width: number; filter: AxisFilter },
): Address {
  const rows = filter.starts.length;
  const out = module.take(planeBytes({ width, height: rows }));
  const starts = module.put(filter.starts.map((start) => start * width));
  const [pairs, weights] = [module.put(filter.pairs), module.put(filter.weights)];
  module.filterDownColumns(source, width, rows, out, width, starts, pairs, weights);
  return out;
}

function transposed(module: PixelModule, plane: Address, { width, height }: Size): Address {
  const out = module.take(planeBytes(turned({ width, height })));
  module.transpose(plane, width, height, out);
  return out;
}
