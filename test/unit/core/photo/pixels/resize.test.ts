import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resize, resizeLuma, resizeRegion, resizedSize } from '../../../../../src/core/photo/pixels/resize.ts';
import type { RgbImage } from '../../../../../src/core/platform/image/raster.ts';
import { noiseBytes, noiseImage } from './noise.ts';

/**
 * Widths and heights, and the SHA-256 of the bytes that Pillow 13.0.0 makes of the noise of `noise.ts`:
 * `Image.frombytes('RGB', from, noise).resize(to, Image.BILINEAR).tobytes()`.
 */
const PILLOW = [
  { from: [448, 336], to: [341, 256], sha256: 'f0bcd2790c602b9d0a3af86b4989a5b845bce292e416386541be4b7186d44e58' },
  { from: [64, 48], to: [64, 48], sha256: 'e0b04ebd7b84413c687e7c858f3a658b4c3bb746a26acdf98ee4ecf6e6a918bd' },
  { from: [64, 48], to: [64, 20], sha256: '4346756c0593687d76999b1f727b1c7b0ddb0b49c95bc9eee40dd158d5815c76' },
  { from: [64, 48], to: [20, 48], sha256: '6b8938846fa0c1dd810008daf4a777d1658a6c14bea97b228e9f5ebb67fc7e4b' },
  { from: [3, 5], to: [40, 33], sha256: '94c59aafc43e5acbf1e7b9a9f964534f83f488c823df57d6caddb104e90a95ea' },
  { from: [1, 1], to: [7, 7], sha256: '5f40742421fbd1285382c2a6bf9a3afebe1befe3e69a27495eb46e6187bbc3d5' },
  { from: [7, 1], to: [1, 1], sha256: '88fd14e62d0ccbd67703a9204a456d514ab5e6951dec3e58b77f98c8f3fd4b9b' },
  { from: [500, 375], to: [32, 32], sha256: 'b2c4bd822a5e0a9f30e3fb5600ebb19ddb858296c885a06b8d7f2d22dbcfd38e' },
  { from: [97, 89], to: [96, 90], sha256: 'f2e3399fec3d3b3994469dd08cee3d220cbc3f6e9f302a07082976cb6a138ff4' },
  { from: [1, 300], to: [256, 11], sha256: '3bf44d5f62491ca8d2923ece1de5388a068d4c62c8901e68681e6f69eb3d15f5' },
  { from: [333, 250], to: [2, 1], sha256: '574df3078d1c457541ac14e7c0410f2922a7fbda27c044379d4feb91f73361d7' },
] as const;

/** The four pictures of each of 40 sizes whose hashes are in filters.json. */
const RECIPES = [
  { shorterSide: 32, isSquare: false, interpolation: 'bicubic-antialias' },
  { shorterSide: 24, isSquare: false, interpolation: 'lanczos' },
  { shorterSide: 40, isSquare: true, interpolation: 'bicubic-antialias' },
  { shorterSide: 224, isSquare: true, interpolation: 'lanczos' },
] as const;
const FILTERS: readonly { readonly from: readonly [number, number]; readonly sha256: readonly string[] }[] = JSON.parse(
  readFileSync(new URL('../../../../fixtures/preprocess/filters.json', import.meta.url), 'utf8'),
);

describe('resize', () => {
  it('gives the bytes of Pillow by each filter, to a shorter side and to a square', () => {
    expect(FILTERS).toHaveLength(40);
    for (const { from, sha256 } of FILTERS) {
      const image = noiseImage(...from);
      const resized = RECIPES.map((recipe) => resize(image, { ...resizedSize(image, recipe), ...recipe }));
      expect([from, ...resized.map(({ data }) => sha256Of(data).slice(0, 16))]).toEqual([from, ...sha256]);
    }
  });

  it.each(PILLOW)('gives the bytes of Pillow from $from to $to', ({ from, to, sha256 }) => {
    const resized = resize(noiseImage(from[0], from[1]), { width: to[0], height: to[1] });
    expect([resized.width, resized.height]).toEqual(to);
    expect(sha256Of(resized.data)).toBe(sha256);
  });

  it('keeps white white and black black at the strongest shrinking, where the rounding of the weights adds up', () => {
    for (const level of [0, 255]) {
      const flat = { width: 8_000, height: 2, data: new Uint8Array(48_000).fill(level) };
      expect(new Set(resize(flat, { width: 1, height: 1 }).data)).toEqual(new Set([level]));
    }
  });

  it('leaves the source alone and never shares its bytes', () => {
    const image = noiseImage(20, 10);
    const same = resize(image, { width: 20, height: 10 });
    expect(same.data).toEqual(noiseBytes(600));
    same.data.fill(0);
    resize(image, { width: 3, height: 3 }).data.fill(0);
    expect(image.data).toEqual(noiseBytes(600));
  });

  it('gives the same bytes after its cache of filters has turned over', () => {
    const image = noiseImage(50, 40);
    const before = resize(image, { width: 31, height: 17 });
    for (let side = 1; side <= 100; side++) resize(noiseImage(2, 2), { width: side, height: side });
    expect(resize(image, { width: 31, height: 17 })).toEqual(before);
  });

  it.each([
    ['a width of zero', 0, 5],
    ['a fraction of a pixel', 5.5, 5],
    ['a negative height', 5, -1],
    ['a height that is no number', 5, Number.NaN],
  ])('refuses %s', (_, width, height) => {
    expect(() => resize(noiseImage(4, 4), { width, height })).toThrow(RangeError);
  });

  it('refuses to shrink more than its fixed-point weights allow', () => {
    expect(() => resize(noiseImage(8_001, 1), { width: 1, height: 1 })).toThrow('8000-fold');
  });
});

describe('resizeRegion', () => {
  it.each([
    { when: 'shrinking', from: [120, 90] },
    { when: 'enlarging', from: [13, 9] },
    { when: 'changing the width only', from: [120, 47] },
    { when: 'changing the height only', from: [61, 90] },
    { when: 'changing nothing', from: [61, 47] },
  ] as const)('gives exactly the part of the full resize when $when', ({ from }) => {
    const image = noiseImage(from[0], from[1]);
    const target = { width: 61, height: 47 };
    const full = resize(image, { width: target.width, height: target.height });
    for (const box of [
      { left: 0, top: 0, ...target },
      { left: 19, top: 12, width: 24, height: 24 },
      { left: 60, top: 46, width: 1, height: 1 },
      { left: 0, top: 46, width: 61, height: 1 },
      { left: 60, top: 0, width: 1, height: 47 },
    ]) {
      expect(resizeRegion(image, target, box)).toEqual(cut(full, box));
    }
  });

  it.each([
    { left: -1, top: 0, width: 5, height: 5 },
    { left: 0, top: 6, width: 5, height: 5 },
    { left: 0, top: 0, width: 11, height: 5 },
    { left: 0.5, top: 0, width: 5, height: 5 },
    { left: 0, top: 0, width: 5, height: 0 },
  ])('refuses the box $width x $height at ($left, $top) of a target of 10 x 10', (box) => {
    expect(() => resizeRegion(noiseImage(20, 20), { width: 10, height: 10 }, box)).toThrow(RangeError);
  });
});

it.each([
  { from: [448, 336], shorter: 256, to: [341, 256] },
  { from: [336, 448], shorter: 256, to: [256, 341] },
  { from: [300, 300], shorter: 256, to: [256, 256] },
  { from: [74, 347], shorter: 256, to: [256, 1_200] },
  { from: [219, 147], shorter: 274, to: [408, 274] },
  { from: [256, 500], shorter: 256, to: [256, 500] },
  { from: [1, 1], shorter: 256, to: [256, 256] },
] as const)(
  'resizedSize turns $from with the shorter side at $shorter into $to, truncating',
  ({ from, shorter, to }) => {
    const { width, height } = resizedSize(
      { width: from[0], height: from[1] },
      { shorterSide: shorter, isSquare: false },
    );
    expect([width, height]).toEqual(to);
  },
);

it.each([
  [320, 240, 32, 32],
  [241, 319, 32, 32],
  [1_024, 1, 32, 32],
  [1, 1_024, 32, 32],
  [17, 31, 32, 32],
  [100, 60, 7, 13],
])('resizeLuma makes of %i x %i pixels what resize makes of them in grey, at %i x %i, within a level', (...sides) => {
  const [width, height, toWidth, toHeight] = sides;
  const luma = noiseBytes(width * height);
  const data = Uint8Array.from({ length: luma.length * 3 }, (_, i) => luma[Math.floor(i / 3)] ?? 0);
  const grey = resize({ width, height, data }, { width: toWidth, height: toHeight }).data.filter((_, i) => i % 3 === 0);
  const resized = resizeLuma({ width, height, luma }, { width: toWidth, height: toHeight });
  expect(resized).toHaveLength(toWidth * toHeight);
  expect(resized.every((level, i) => Math.abs(level - (grey[i] ?? 0)) <= 1)).toBe(true);
});

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Byte by byte, so that it shares nothing with the code under test. */
function cut(image: RgbImage, box: { left: number; top: number; width: number; height: number }): RgbImage {
  const bytes: number[] = [];
  for (let y = 0; y < box.height; y++) {
    const start = ((box.top + y) * image.width + box.left) * 3;
    bytes.push(...image.data.subarray(start, start + box.width * 3));
  }
  return { width: box.width, height: box.height, data: Uint8Array.from(bytes) };
}
