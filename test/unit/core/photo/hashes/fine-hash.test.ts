import { describe, expect, it } from 'vitest';
import {
  confirms,
  FINE_HASH_BYTES,
  fineHashOf,
  fineHashText,
  fineSimilarity,
  parseFineHash,
  type FineHash,
} from '../../../../../src/core/photo/hashes/fine-hash.ts';
import { fingerprintOf } from '../../../../../src/core/photo/hashes/fingerprint-index.ts';
import { frequenciesOf } from '../../../../../src/core/photo/hashes/frequencies.ts';
import { hashOfFrequencies } from '../../../../../src/core/photo/hashes/perceptual-hash.ts';
import type { RgbImage } from '../../../../../src/core/platform/image/raster.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { noiseImage } from '../pixels/noise.ts';

const hashOf = (image: RgbImage): FineHash => fineHashOf(frequenciesOf(image));

function adjusted({ width, height, data }: RgbImage, factor: number, offset: number): RgbImage {
  return { width, height, data: data.map((level) => Math.round(level * factor + offset)) };
}

function mirrored({ width, height, data }: RgbImage): RgbImage {
  const turned = data.map((_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return data[(y * width + (width - 1 - x)) * 3 + channel] ?? 0;
  });
  return { width, height, data: turned };
}

describe('fineHashOf', () => {
  it('gives 255 numbers, the largest of them 127 or -127', () => {
    for (const image of [noiseImage(3, 200), noiseImage(640, 480)]) {
      const hash = hashOf(image);
      expect(hash).toHaveLength(FINE_HASH_BYTES);
      expect(Math.max(...hash.map(Math.abs))).toBe(127);
    }
  });

  it('is all zeros for a picture of one colour', () => {
    for (const level of [0, 128, 255]) {
      const image = { width: 50, height: 40, data: new Uint8Array(6_000).fill(level) };
      expect(hashOf(image).every((value) => value === 0)).toBe(true);
    }
  });

  it('agrees with the orthonormal DCT, weighted by the distance from the constant frequency to the power of 1.5, as a signed root', () => {
    const image = noiseImage(32, 32);
    const luma = Array.from({ length: 1_024 }, (_, i) => {
      const [red = 0, green = 0, blue = 0] = image.data.subarray(i * 3);
      return Math.floor(0.299 * red + 0.587 * green + 0.114 * blue + 0.5);
    });
    const basis = (frequency: number, at: number): number =>
      Math.cos((Math.PI * frequency * (2 * at + 1)) / 64) * (frequency === 0 ? Math.SQRT1_2 : 1);
    const weighted = Array.from({ length: FINE_HASH_BYTES }, (_, i) => {
      const [down, across] = [Math.floor((i + 1) / 16), (i + 1) % 16];
      const value = luma.reduce((sum, level, at) => sum + level * basis(across, at % 32) * basis(down, at >> 5), 0);
      return value * Math.hypot(down, across) ** 1.5;
    });
    const largest = Math.max(...weighted.map(Math.abs));
    // A level at most, where rounding falls the other way.
    const hash = hashOf(image);
    for (const [i, value] of weighted.entries())
      expect(Math.abs(Math.sign(value) * Math.sqrt(Math.abs(value) / largest) * 127 - (hash[i] ?? 0))).toBeLessThan(1);
  });
});

it('fingerprintOf gives the same bits as ever, because stored hashes are compared with new ones', () => {
  const fingerprints = Array.from({ length: 40 }, (_, i) => noiseImage(30 + 7 * i, 300 - 5 * i)).flatMap((image) => {
    const { width, height, data } = image;
    return [fingerprintOf(image), fingerprintOf({ width, height, luma: data.subarray(0, width * height) })];
  });
  const text = fingerprints.map(({ perceptualHash, fineHash }) => perceptualHash + fineHash).join('');
  expect(sha256Of(text)).toBe('50e0b6902fba47ab52b530ea01d0439b22232089e2f1a2f31ec33457500dd51a');
});

describe('fineSimilarity', () => {
  it('is 1 for the same picture, whatever its brightness and contrast, and near 0 for another', () => {
    const image = noiseImage(320, 240);
    expect(fineSimilarity(hashOf(image), hashOf(image))).toBeCloseTo(1, 10);
    expect(fineSimilarity(hashOf(image), hashOf(adjusted(image, 0.5, 60)))).toBeGreaterThan(0.95);
    expect(Math.abs(fineSimilarity(hashOf(image), hashOf(mirrored(image))))).toBeLessThan(0.4);
  });

  it('takes two pictures of one colour for the same, and such a one for no other', () => {
    const flat = new Int8Array(FINE_HASH_BYTES);
    expect(fineSimilarity(flat, flat)).toBe(1);
    expect(fineSimilarity(flat, hashOf(noiseImage(64, 64)))).toBe(0);
  });
});

it('confirms needs the least similarity where both hashes are known, and lets the 64-bit hash decide otherwise', () => {
  const one = hashOf(noiseImage(320, 240));
  const other = hashOf(mirrored(noiseImage(320, 240)));
  expect(fineSimilarity(one, other)).toBeLessThan(0.85);
  expect([confirms(one, one), confirms(one, other)]).toEqual([true, false]);
  expect([confirms(null, other), confirms(one, null), confirms(null, null)]).toEqual([true, true, true]);
});

describe('the texts of a fingerprint', () => {
  it('hold both hashes of the picture', () => {
    const image = noiseImage(320, 240);
    const { perceptualHash: text, fineHash } = fingerprintOf(image);
    expect(text).toBe(hashOfFrequencies(frequenciesOf(image)));
    expect(fineHash).toBe(fineHashText(hashOf(image)));
    expect(parseFineHash(Buffer.from(fineHash, 'hex'))).toEqual(hashOf(image));
  });

  it('are refused if they are not 255 bytes long', () => {
    expect(() => parseFineHash(Buffer.alloc(32))).toThrow('Expected 255 bytes of a finer hash but received 32');
  });
});
