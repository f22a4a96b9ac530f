import type { LumaImage } from '../../platform/image/luma-image.ts';
import { axisFilterOver, type AxisFilter } from './axis-filter.ts';
import type { Size } from './box.ts';
import { withKernel, type Address, type PixelKernel } from './kernel.ts';

/**
 * The picture at `target` pixels, with the weights of `resizeBilinear`. Columns are filtered before rows, so a value may
 * differ by one level from what that function makes of the same picture in grey.
 *
 * @returns `target.width * target.height` levels, 0..255, row-major
 */
export function resizeLuma({ width, height, luma }: LumaImage, target: Size): Uint8Array {
  const down = wholeAxis(height, target.height);
  const across = wholeAxis(width, target.width);
  const sizes = { source: { width, height }, shorter: { width, height: target.height }, smaller: turned(target) };
  const planes = [sizes.source, sizes.shorter, turned(sizes.shorter), sizes.smaller, target];
  const room = planes.reduce((sum, size) => sum + planeBytes(size), tableBytes(down) + tableBytes(across));
  // All planes stay in the kernel's memory. New arrays for them would be more garbage than the photo's own bytes.
  return withKernel(room, (kernel) => {
    const source = kernel.take(planeBytes(sizes.source));
    kernel.bytes.set(luma, source);
    const shorter = filterDown(kernel, source, { width, filter: down });
    const columns = transposed(kernel, shorter, sizes.shorter);
    const smaller = filterDown(kernel, columns, { width: target.height, filter: across });
    const out = transposed(kernel, smaller, sizes.smaller);
    return kernel.bytes.slice(out, out + target.width * target.height);
  });
}

function wholeAxis(sourceLength: number, length: number): AxisFilter {
  return axisFilterOver(sourceLength, length, { first: 0, count: length }).filter;
}

function turned({ width, height }: Size): Size {
  return { width: height, height: width };
}

/** Bytes of a plane and one more row, which the filter of an odd number of rows reads at weight 0. */
function planeBytes({ width, height }: Size): number {
  return width * (height + 1);
}

function tableBytes({ starts, pairs, weights }: AxisFilter): number {
  return starts.byteLength + pairs.byteLength + weights.byteLength;
}

function filterDown(
  kernel: PixelKernel,
  source: Address,
  { width, filter }: { width: number; filter: AxisFilter },
): Address {
  const rows = filter.starts.length;
  const out = kernel.take(planeBytes({ width, height: rows }));
  const starts = kernel.put(filter.starts.map((start) => start * width));
  const [pairs, weights] = [kernel.put(filter.pairs), kernel.put(filter.weights)];
  kernel.filterDownColumns(source, width, rows, out, width, starts, pairs, weights);
  return out;
}

function transposed(kernel: PixelKernel, plane: Address, { width, height }: Size): Address {
  const out = kernel.take(planeBytes(turned({ width, height })));
  kernel.transpose(plane, width, height, out);
  return out;
}
