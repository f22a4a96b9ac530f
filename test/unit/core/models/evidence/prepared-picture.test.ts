import { describe, expect, it } from 'vitest';
import { noiseImage } from '../../photo/pixels/noise.ts';
import { CROPS_PER_MEMBER } from '../../../../../src/core/models/evidence/evidence.ts';
import type { ModelInput } from '../../../../../src/core/models/evidence/member.ts';
import { PreparedPicture } from '../../../../../src/core/models/evidence/prepared-picture.ts';
import { resize, resizedSize } from '../../../../../src/core/photo/pixels/resize.ts';
import { tenCrop } from '../../../../../src/core/photo/pixels/ten-crop.ts';
import { fillTensor } from '../../../../../src/core/photo/pixels/tensor.ts';
import type { RgbImage } from '../../../../../src/core/platform/image/raster.ts';

const SMALL: ModelInput = {
  size: 8,
  shorterSide: 11,
  isSquare: false,
  interpolation: 'bilinear-antialias',
  mean: [127, 120, 110],
  std: [128, 64, 32],
};
const LARGE: ModelInput = {
  size: 13,
  shorterSide: 16,
  isSquare: false,
  interpolation: 'bilinear-antialias',
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

/** The reference: resizes the whole picture, then cuts out the crop. */
function plainly(picture: RgbImage, input: ModelInput, crop: number): Float32Array {
  const target = resizedSize(picture, input);
  const { box, mirrored } = tenCrop(crop, target, input.size);
  const tensor = new Float32Array(3 * input.size ** 2);
  const image = resize(picture, { width: target.width, height: target.height });
  fillTensor(tensor, 0, { image, box, mirrored, mean: input.mean, std: input.std });
  return tensor;
}

function prepared(picture: PreparedPicture, input: ModelInput, crop: number): Float32Array {
  const tensor = new Float32Array(3 * input.size ** 2);
  const slot = { tensor, offset: 0 };
  picture.fill(slot, input, crop);
  return tensor;
}

const ALL_CROPS = Array.from({ length: CROPS_PER_MEMBER }, (_, crop) => crop);

describe('PreparedPicture', () => {
  it.each([
    [30, 20],
    [20, 31],
    [5, 9],
    [16, 16],
    [1, 6],
  ])('of %i x %i pixels gives every crop as if the whole were resized, in any order', (width, height) => {
    const image = noiseImage(width, height);
    for (const order of [ALL_CROPS, ALL_CROPS.toReversed(), [4, 9, 0, 4, 9, 5, 4]]) {
      const picture = new PreparedPicture(image, [SMALL, LARGE]);
      for (const crop of order) {
        for (const input of [SMALL, LARGE]) expect(prepared(picture, input, crop)).toEqual(plainly(image, input, crop));
      }
    }
  });

  it('of a camera gives the same although its pixels are freed', () => {
    const image = noiseImage(1_000, 601);
    const picture = new PreparedPicture(image, [SMALL, LARGE]);
    for (const crop of [4, 0]) expect(prepared(picture, SMALL, crop)).toEqual(plainly(image, SMALL, crop));
    expect(prepared(picture, LARGE, 9)).toEqual(plainly(image, LARGE, 9));
  });

  it.each([
    { width: 1, height: 40_000, atStart: [0, 1, 5, 6] },
    { width: 40_000, height: 1, atStart: [0, 2, 6, 8] },
  ])('of $width x $height pixels gives every crop although the resized whole would not fit in memory', (shape) => {
    const { width, height, atStart } = shape;
    const image = noiseImage(width, height);
    const large = { ...LARGE, shorterSide: 256 };
    const picture = new PreparedPicture(image, [large]);
    // At its beginning it equals a picture that is cut off further on.
    const size = { width: Math.min(width, 40), height: Math.min(height, 40) };
    const beginning = { ...size, data: image.data.slice(0, 40 * 3) };
    for (const crop of atStart) expect(prepared(picture, large, crop)).toEqual(plainly(beginning, large, crop));
    for (const crop of ALL_CROPS) expect(prepared(picture, large, crop).every((value) => value <= 255)).toBe(true);
  });

  it('writes only at the offset', () => {
    const image = noiseImage(20, 20);
    const values = 3 * SMALL.size ** 2;
    const tensor = new Float32Array(values * 3).fill(-7);
    const slot = { tensor, offset: values };
    new PreparedPicture(image, [SMALL]).fill(slot, SMALL, 3);
    expect(tensor.subarray(values, 2 * values)).toEqual(plainly(image, SMALL, 3));
    expect([...tensor.subarray(0, values), ...tensor.subarray(2 * values)].every((value) => value === -7)).toBe(true);
  });
});
