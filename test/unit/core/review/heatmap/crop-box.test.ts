import { expect, it } from 'vitest';
import { PreparedPicture } from '../../../../../src/core/models/evidence/prepared-picture.ts';
import { cropOnPhoto } from '../../../../../src/core/review/heatmap/crop-box.ts';

const INPUT = {
  size: 224,
  shorterSide: 256,
  isSquare: false,
  interpolation: 'bilinear-antialias',
  mean: [0, 0, 0],
  std: [1, 1, 1],
} as const;

/** A picture whose red value says how far to the right a pixel is, and whose green value how far down, from 0 to 255. */
function ramp(width: number, height: number) {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 3;
      data[at] = Math.round((255 * (x + 0.5)) / width);
      data[at + 1] = Math.round((255 * (y + 0.5)) / height);
    }
  return { width, height, data };
}

/** Where the pixels of a crop lie on a ramp, as shares: the middle of its first and of its last column and row. */
function pixelsOf(picture: PreparedPicture, crop: number) {
  const plane = INPUT.size ** 2;
  const tensor = new Float32Array(3 * plane);
  picture.fill({ tensor, offset: 0 }, INPUT, crop);
  const at = (index: number): number => (tensor[index] ?? Number.NaN) / 255;
  const last = INPUT.size - 1;
  return { left: at(0), right: at(last), top: at(plane), bottom: at(plane + last * INPUT.size) };
}

it.each([
  [640, 480],
  [480, 640],
  [300, 300],
  [1_000, 257],
  [131, 1_200],
])(
  'the place of a crop on its photo is where the pixels come from that the engine reads of %i x %i pixels',
  (width, height) => {
    const photo = ramp(width, height);
    const picture = new PreparedPicture(photo, [INPUT]);
    for (let crop = 0; crop < 10; crop += 1) {
      const { box, isMirrored } = cropOnPhoto(photo, INPUT, crop);
      const pixels = pixelsOf(picture, crop);
      const [first, end] = isMirrored ? [pixels.right, pixels.left] : [pixels.left, pixels.right];
      const half = { x: box.width / INPUT.size / 2, y: box.height / INPUT.size / 2 };
      // Ramps have steps of 1 / 255, and the filter flattens them at the edges of the photo.
      expect(Math.abs(first - (box.left + half.x))).toBeLessThan(0.006);
      expect(Math.abs(end - (box.left + box.width - half.x))).toBeLessThan(0.006);
      expect(Math.abs(pixels.top - (box.top + half.y))).toBeLessThan(0.006);
      expect(Math.abs(pixels.bottom - (box.top + box.height - half.y))).toBeLessThan(0.006);
      expect(isMirrored).toBe(crop >= 5);
    }
  },
);
