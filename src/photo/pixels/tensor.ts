/** From 8-bit pixels to the float32 input of a model. */
import type { RgbImage } from '../rgb-image.ts';
import { requireBoxWithin } from './box.ts';
import type { Crop } from './ten-crop.ts';

/** One value for red, green and blue each. */
export type PerChannel = readonly [red: number, green: number, blue: number];

/** A crop and how to normalise it: `(pixel - mean) / std`, both in units of pixel values (0..255). */
export interface TensorInput extends Crop {
  readonly image: RgbImage;
  readonly mean: PerChannel;
  readonly std: PerChannel;
}

/**
 * Writes one crop into `target` from index `offset` on, in the order channel, row, column (one picture of an NCHW
 * batch): `3 * box.height * box.width` values. They equal NumPy's
 * `(pixels.astype(float32) - float32(mean)) / float32(std)` to the last bit.
 * Throws a RangeError if the box is not within the picture, if the target has no room, or for a `std` that is not > 0.
 */
export function fillTensor(target: Float32Array, offset: number, input: TensorInput): void {
  const { image, box, mirrored } = input;
  const planeLength = box.width * box.height;
  requireBoxWithin(box, image);
  requireRoom(target, offset, planeLength * 3);
  const { data } = image;
  const [red, green, blue] = normalisationTables(input.mean, input.std);
  const step = mirrored ? -3 : 3;
  let to = offset;
  for (let y = box.top; y < box.top + box.height; y++) {
    let from = (y * image.width + box.left + (mirrored ? box.width - 1 : 0)) * 3;
    for (let x = 0; x < box.width; x++, to++, from += step) {
      target[to] = red[data[from] ?? 0] ?? 0;
      target[to + planeLength] = green[data[from + 1] ?? 0] ?? 0;
      target[to + 2 * planeLength] = blue[data[from + 2] ?? 0] ?? 0;
    }
  }
}

type Tables = readonly [red: Float32Array, green: Float32Array, blue: Float32Array];

function normalisationTables(mean: PerChannel, std: PerChannel): Tables {
  const table = (channel: 0 | 1 | 2): Float32Array => normalisationTable(mean[channel], std[channel]);
  return [table(0), table(1), table(2)];
}

/**
 * Rounding each step of the double-precision arithmetic to float32 gives what float32 arithmetic gives: for one
 * subtraction or division of float32 operands, 53 bits are enough (>= 2 * 24 + 2) for the double rounding to be
 * harmless. Source: S. A. Figueroa, "When is double rounding innocuous?", SIGNUM Newsletter 30(3), 1995.
 */
function normalisationTable(mean: number, std: number): Float32Array {
  const mean32 = Math.fround(mean);
  const std32 = Math.fround(std);
  if (!(Number.isFinite(mean32) && Number.isFinite(std32) && std32 > 0)) {
    throw new RangeError(`Expected a finite mean and a std above 0 in pixel values but received ${mean} and ${std}`);
  }
  return Float32Array.from({ length: 256 }, (_, pixel) => Math.fround(pixel - mean32) / std32);
}

function requireRoom(target: Float32Array, offset: number, length: number): void {
  if (Number.isInteger(offset) && offset >= 0 && offset + length <= target.length) return;
  throw new RangeError(
    `Expected room for ${length} values in a tensor of ${target.length} but received the offset ${offset}`,
  );
}
