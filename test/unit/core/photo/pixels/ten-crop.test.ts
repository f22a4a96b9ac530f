import { describe, expect, it } from 'vitest';
import { tenCrop } from '../../../../../src/core/photo/pixels/ten-crop.ts';
import { cropPixels } from './crop-pixels.ts';
import { noiseImage } from './noise.ts';

describe('tenCrop', () => {
  it('lists the corners, the centre and the same of the mirrored picture', () => {
    const crops = Array.from({ length: 10 }, (_, i) => tenCrop(i, { width: 10, height: 8 }, 4));
    expect(crops.map(({ box, mirrored }) => [box.left, box.top, mirrored])).toEqual([
      [0, 0, false],
      [6, 0, false],
      [0, 4, false],
      [6, 4, false],
      [3, 2, false],
      [6, 0, true],
      [0, 0, true],
      [6, 4, true],
      [0, 4, true],
      [3, 2, true],
    ]);
    expect(crops.every(({ box }) => box.width === 4 && box.height === 4)).toBe(true);
  });

  it.each([
    [4, 0],
    [5, 0],
    [6, 1],
    [7, 2],
    [8, 2],
    [9, 2],
    [10, 3],
    [11, 4],
  ])('puts the centre of a %i pixels wide picture at %i, a half rounded to even', (width, left) => {
    expect(tenCrop(4, { width, height: 4 }, 4).box.left).toBe(left);
  });

  it('centres in the mirrored picture, which is one pixel off the centre of the picture where a half was rounded', () => {
    const size = { width: 5, height: 5 };
    expect(tenCrop(4, size, 4).box).toEqual({ left: 0, top: 0, width: 4, height: 4 });
    expect(tenCrop(9, size, 4).box).toEqual({ left: 1, top: 0, width: 4, height: 4 });
  });

  it.each([-1, 10, 1.5, Number.NaN])('refuses the crop number %d', (index) => {
    expect(() => tenCrop(index, { width: 10, height: 10 }, 4)).toThrow(RangeError);
  });

  it.each([11, 0, -4, 2.5, Number.NaN])('refuses a side of %d pixels of a picture of 12 x 10', (side) => {
    expect(() => tenCrop(0, { width: 12, height: 10 }, side)).toThrow(RangeError);
  });
});

describe('the pixels of a crop', () => {
  const image = { width: 3, height: 2, data: Uint8Array.from({ length: 18 }, (_, i) => i) };

  it('are those of its box', () => {
    const crop = { box: { left: 1, top: 1, width: 2, height: 1 }, mirrored: false };
    expect(cropPixels(image, crop)).toEqual({ width: 2, height: 1, data: Uint8Array.of(12, 13, 14, 15, 16, 17) });
  });

  it('are reversed in each row, but not their channels, if it is mirrored', () => {
    const crop = { box: { left: 1, top: 0, width: 2, height: 2 }, mirrored: true };
    expect(cropPixels(image, crop).data).toEqual(Uint8Array.of(6, 7, 8, 3, 4, 5, 15, 16, 17, 12, 13, 14));
  });

  it('are for the last five crops those of the first five in a flipped copy', () => {
    const original = noiseImage(31, 27);
    const flipped = cropPixels(original, { box: { left: 0, top: 0, width: 31, height: 27 }, mirrored: true });
    for (let i = 0; i < 5; i++) {
      expect(cropPixels(original, tenCrop(i + 5, original, 20))).toEqual(cropPixels(flipped, tenCrop(i, original, 20)));
    }
  });
});
