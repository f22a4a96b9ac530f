/** Converts 8-bit pixels to the float32 input of a model. */
import type { RgbImage } from '../../platform/image/raster.ts';
import { requireBoxWithin } from './box.ts';
import { withPixelModule } from './pixel-module.ts';
import type { Crop } from './ten-crop.ts';

export type PerChannel = readonly [red: number, green: number, blue: number];

/** Pixels become `(pixel - mean) / std`, both in units of pixel values (0..255). */
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
  const values = box.width * box.height * 3;
  requireBoxWithin(box, image);
  requireRoom(target, offset, values);
  const scale = Float32Array.from([...input.mean, ...input.std]);
  requireScale(input, scale);
  withPixelModule(values + scale.byteLength + values * 4, (module) => {
    const source = module.take(values);
    for (let y = 0; y < box.height; y++) {
      const from = ((box.top + y) * image.width + box.left) * 3;
      module.bytes.set(image.data.subarray(from, from + box.width * 3), source + y * box.width * 3);
    }
    const out = module.take(values * 4);
    module.fillPlanes(source, box.width, box.height, mirrored ? 1 : 0, out, module.put(scale));
    target.set(new Float32Array(module.bytes.buffer, out, values), offset);
  });
}

function requireScale({ mean, std }: TensorInput, scale: Float32Array): void {
  if (scale.every((value, i) => Number.isFinite(value) && (i < 3 || value > 0))) return;
  throw new RangeError(
    `Expected finite means and each std above 0 in pixel values but received ${mean.join(', ')} and ${std.join(', ')}`,
  );
}

function requireRoom(target: Float32Array, offset: number, length: number): void {
  if (Number.isInteger(offset) && offset >= 0 && offset + length <= target.length) return;
  throw new RangeError(
    `Expected room for ${length} values in a tensor of ${target.length} but received the offset ${offset}`,
  );
}
