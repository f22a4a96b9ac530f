import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../../../../src/core/photo/hashes/fingerprint-index.ts';
import { parseHash } from '../../../../../src/core/photo/hashes/perceptual-hash.ts';
import { hammingDistance } from '../../../../support/hamming-distance.ts';
import type { RgbImage } from '../../../../../src/core/platform/image/raster.ts';
import { noiseImage } from '../pixels/noise.ts';

const perceptualHash = (image: RgbImage): string => fingerprintOf(image).perceptualHash;
const distanceOf = (a: string, b: string): number => hammingDistance(parseHash(a), parseHash(b));

describe('perceptualHash', () => {
  it.each([
    ['white', 255, '8000000000000000'],
    ['grey', 128, '8000000000000000'],
    ['black', 0, '0000000000000000'],
  ])('finds no frequency in a picture that is all %s', (_, level, hash) => {
    expect(perceptualHash({ width: 50, height: 40, data: new Uint8Array(6_000).fill(level) })).toBe(hash);
  });

  it('is had of a picture that is too long to be shrunk at once', () => {
    for (const [width, height] of [
      [300_000, 1],
      [1, 300_000],
    ] as const)
      expect(perceptualHash({ width, height, data: new Uint8Array(900_000).fill(255) })).toBe('8000000000000000');
  });

  it('agrees with the defining sums of the DCT in floating point', () => {
    const image = noiseImage(32, 32);
    expect(perceptualHash(image)).toBe(hashByDefinition(image));
  });
});

describe('hammingDistance', () => {
  it('agrees with counting ones in the text of the difference', () => {
    for (let i = 0n; i < 500n; i++) {
      const a = BigInt.asUintN(64, i * 0x9e37_79b9_7f4a_7c15n);
      const b = BigInt.asUintN(64, (i + 7n) * 0xc2b2_ae3d_27d4_eb4fn);
      const ones = (a ^ b).toString(2).replaceAll('0', '').length;
      expect(distanceOf(hex(a), hex(b))).toBe(ones);
    }
  });

  it.each(['', 'FFFFFFFFFFFFFFFF', '00000000000000000', '000000000000000é', '0x00000000000000'])(
    'refuses %j as a hash',
    (text) => {
      expect(() => parseHash(text)).toThrow('Expected 16 lower-case hex digits');
    },
  );
});

function hex(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}

function basis(frequency: number, at: number): number {
  return Math.cos((Math.PI * frequency * (2 * at + 1)) / 64);
}

/** 32 x 32 pixels only, so that nothing is resized. */
function hashByDefinition(image: RgbImage): string {
  const luma = Array.from({ length: 1_024 }, (_, i) => {
    const [red = 0, green = 0, blue = 0] = image.data.subarray(i * 3);
    return Math.floor(0.299 * red + 0.587 * green + 0.114 * blue + 0.5);
  });
  const frequencies = Array.from({ length: 64 }, (_, i) =>
    luma.reduce((sum, value, at) => sum + value * basis(i % 8, at % 32) * basis(i >> 3, at >> 5), 0),
  );
  const sorted = frequencies.toSorted((a, b) => a - b);
  const median = ((sorted[31] ?? 0) + (sorted[32] ?? 0)) / 2;
  return hex(BigInt(`0b${frequencies.map((value) => (value > median ? 1 : 0)).join('')}`));
}
