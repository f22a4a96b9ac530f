import { describe, expect, it } from 'vitest';
import { FINE_HASH_BYTES, type FineHash } from '../../../../../src/core/photo/hashes/fine-hash.ts';
import { FingerprintIndex, withMatches } from '../../../../../src/core/photo/hashes/fingerprint-index.ts';
import { parseHash } from '../../../../../src/core/photo/hashes/perceptual-hash.ts';

/** Hashes whose finer parts are alike exactly if `place` is the same. */
function fine(place: number): FineHash {
  const hash = new Int8Array(FINE_HASH_BYTES);
  hash[place] = 127;
  return hash;
}

const picture = (hash: string, place: number | null) => ({
  hash: parseHash(hash),
  fineHash: place === null ? null : fine(place),
});
const NEAR = '0000000000000003';
const ZERO = '0000000000000000';
const FAR = 'ffffffffffffffff';

/** So many that the index makes tables, far from everything sought. */
function filled(count: number): FingerprintIndex {
  const index = new FingerprintIndex();
  for (let i = 0; i < count; i += 1) index.add(picture(FAR, 9));
  return index;
}

describe('FingerprintIndex', () => {
  it.each([0, 3_000])('finds the earliest match that the finer hash confirms, among %i others', (others) => {
    const index = filled(others);
    for (const place of [1, 2, 2]) index.add(picture(NEAR, place));
    expect(index.length).toBe(others + 3);
    expect(index.firstMatch(picture(ZERO, 2), 6)).toBe(others + 1);
    expect(index.firstMatch(picture(ZERO, 3), 6)).toBe(-1);
    expect(index.firstMatch(picture(ZERO, 2), 1)).toBe(-1);
  });

  it('lets the 64-bit hash decide where a finer hash is unknown', () => {
    const index = new FingerprintIndex();
    index.add(picture(NEAR, 1));
    index.add(picture(NEAR, null));
    expect(index.firstMatch(picture(ZERO, null), 6)).toBe(0);
    expect(index.firstMatch(picture(ZERO, 2), 6)).toBe(1);
  });
});

it.each([0, 3_000])(
  'withMatches names the pictures whose 64-bit hash matches another, beside %i that match none',
  (others) => {
    // Two of them differ in at least 5 bits, and from the others in at least 7.
    const apart = Array.from({ length: others }, (_, i) => picture(spread(i), null));
    const [one, other] = [picture(NEAR, 1), picture(ZERO, 2)];
    expect(withMatches([one, ...apart, other], 4)).toEqual([one, other]);
    expect(withMatches([one, ...apart], 4)).toEqual([]);
  },
);

/** Twelve bits, each written five times over. */
function spread(number: number): string {
  const bits = (number + 1).toString(2).padStart(12, '0');
  return BigInt(`0b1111${Array.from(bits, (bit) => bit.repeat(5)).join('')}`)
    .toString(16)
    .padStart(16, '0');
}
