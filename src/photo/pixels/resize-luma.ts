import type { LumaImage } from '../luma-image.ts';
import { axisFilterOver } from './axis-filter.ts';
import { withKernel } from './kernel.ts';
import type { Size } from './box.ts';

/**
 * The picture at `target` pixels, with the weights of `resizeBilinear`. Columns are filtered before rows, so a value may
 * differ by one level from what that function makes of the same picture in grey.
 *
 * @returns `target.width * target.height` levels, 0..255, row-major
 */
export function resizeLuma({ width, height, luma }: LumaImage, target: Size): Uint8Array {
  const shorter = filterDown(luma, { width, height }, target.height);
  const turned = transposed(shorter, { width, height: target.height });
  const smaller = filterDown(turned, { width: target.height, height: width }, target.width);
  return transposed(smaller, { width: target.height, height: target.width });
}

/** Filters the columns of a plane to `rows` rows. */
function filterDown(plane: Uint8Array, { width, height }: Size, rows: number): Uint8Array {
  const { filter } = axisFilterOver(height, rows, { first: 0, count: rows });
  // The filter of an odd number of rows reads one more row, at weight 0.
  const sourceBytes = (height + 1) * width;
  const outBytes = rows * width;
  const tableBytes = filter.starts.byteLength + filter.pairs.byteLength + filter.weights.byteLength;
  return withKernel(sourceBytes + outBytes + tableBytes, (kernel) => {
    const source = kernel.take(sourceBytes);
    kernel.bytes.set(plane, source);
    const out = kernel.take(outBytes);
    const starts = kernel.put(filter.starts.map((start) => start * width));
    const [pairs, weights] = [kernel.put(filter.pairs), kernel.put(filter.weights)];
    kernel.filterDownColumns(source, width, rows, out, width, starts, pairs, weights);
    return kernel.bytes.slice(out, out + outBytes);
  });
}

function transposed(plane: Uint8Array, { width, height }: Size): Uint8Array {
  const turned = new Uint8Array(plane.length);
  for (let y = 0, from = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1, from += 1) turned[x * height + y] = plane[from] ?? 0;
  return turned;
}
