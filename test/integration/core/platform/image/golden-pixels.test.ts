import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resize, resizeRegion, resizedSize } from '../../../../../src/core/photo/pixels/resize.ts';
import { tenCrop } from '../../../../../src/core/photo/pixels/ten-crop.ts';
import type { RgbImage } from '../../../../../src/core/platform/image/raster.ts';
import { decodeRgb } from '../../../../../src/core/platform/image/inspect.ts';
import { cropPixels } from '../../../../unit/core/photo/pixels/crop-pixels.ts';

/** test/fixtures/preprocess/README.md: what Pillow and torchvision make of these files. */
const FIXTURES = new URL('../../../../fixtures/preprocess/', import.meta.url);
const INPUTS = [
  'alpha.png',
  'cmyk.jpg',
  'downscaled-1301x907.jpg',
  'exif-orientation-6.jpg',
  'grey.jpg',
  'large.jpg',
  'odd-size.jpg',
  'palette.png',
  'progressive.jpg',
  'small-upscaled.jpg',
  'subsampled-444.jpg',
  'tall.jpg',
  'tiny-17x31.png',
  'webp.webp',
  'wide.jpg',
];
/** `Resize` and `TenCrop` of the three bundled models. */
const MODEL_SIZES = [
  { shorter: 256, side: 224 },
  { shorter: 274, side: 240 },
  { shorter: 297, side: 260 },
] as const;
const HASHES_PER_INPUT = 1 + MODEL_SIZES.length * (1 + 10);

interface Resized {
  readonly width: number;
  readonly height: number;
  readonly sha256: string;
  readonly tenCropSha256: readonly string[];
}
interface Expected extends Readonly<Record<`resize${256 | 274 | 297}`, Resized>> {
  readonly width: number;
  readonly height: number;
  readonly decodedSha256: string;
}

const expected: Readonly<Record<string, Expected>> = JSON.parse(readFixture('expected.json').toString('utf8'));

describe('pixels from file to crop', () => {
  it('are compared for every input of the fixtures', () => {
    const files = readdirSync(FIXTURES).filter((name) => !/\.resize256\.png$|\.json$|\.md$/.test(name));
    expect(files.toSorted()).toEqual(INPUTS);
    expect(Object.keys(expected).toSorted()).toEqual(INPUTS);
  });

  it.each(INPUTS)('equal those of Pillow and torchvision to the byte for %s', async (name) => {
    const reference = referenceOf(name);
    const image = await decodeRgb(readFixture(name));
    expect([image.width, image.height]).toEqual([reference.width, reference.height]);
    const hashes = { got: [sha256Of(image)], wanted: [reference.decodedSha256] };
    for (const { shorter, side } of MODEL_SIZES) {
      const wanted = reference[`resize${shorter}`];
      const { width, height } = resizedSize(image, { shorterSide: shorter, isSquare: false });
      expect([width, height]).toEqual([wanted.width, wanted.height]);
      const resized = resize(image, { width, height });
      const crops = Array.from({ length: 10 }, (_, i) => cropPixels(resized, tenCrop(i, resized, side)));
      hashes.got.push(sha256Of(resized), ...crops.map(sha256Of));
      hashes.wanted.push(wanted.sha256, ...wanted.tenCropSha256);
    }
    expect(hashes.wanted).toHaveLength(HASHES_PER_INPUT);
    expect(hashes.got).toEqual(hashes.wanted);
  });

  it.each(INPUTS)('are the same when only the region of a crop is resized for %s', async (name) => {
    const image = await decodeRgb(readFixture(name));
    const { tenCropSha256 } = referenceOf(name).resize256;
    const size = resizedSize(image, { shorterSide: 256, isSquare: false });
    const crops = Array.from({ length: 10 }, (_, i) => {
      const { box, mirrored } = tenCrop(i, size, 224);
      const region = resizeRegion(image, size, box);
      return cropPixels(region, { box: { ...box, left: 0, top: 0 }, mirrored });
    });
    expect(crops.map(sha256Of)).toEqual(tenCropSha256);
  });

  // Where decoders differ most: the blending of alpha and the conversion of inks are not prescribed by any format.
  it.each(['alpha.png', 'cmyk.jpg'])('differ by no level from the reference picture for %s', async (name) => {
    const image = await decodeRgb(readFixture(name));
    const { width, height } = resizedSize(image, { shorterSide: 256, isSquare: false });
    const reference = await decodeRgb(readFixture(`${name}.resize256.png`));
    const { max, mean } = differenceOf(resize(image, { width, height }), reference);
    console.log(`${name}: at most ${max} of 255 levels from the reference, ${mean.toFixed(4)} in the mean`);
    expect({ max, mean }).toEqual({ max: 0, mean: 0 });
  });
});

function readFixture(name: string): Buffer {
  return readFileSync(new URL(name, FIXTURES));
}

function referenceOf(name: string): Expected {
  const reference = expected[name];
  if (reference === undefined) throw new Error(`Expected an entry for '${name}' in expected.json but received none`);
  return reference;
}

function sha256Of(image: RgbImage): string {
  return createHash('sha256').update(image.data).digest('hex');
}

/** In levels of 0..255, over all channels of all pixels. */
function differenceOf(a: RgbImage, b: RgbImage): { max: number; mean: number } {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  let max = 0;
  let sum = 0;
  for (const [i, level] of a.data.entries()) {
    const difference = Math.abs(level - (b.data[i] ?? Number.NaN));
    max = Math.max(max, difference);
    sum += difference;
  }
  return { max, mean: sum / a.data.length };
}
