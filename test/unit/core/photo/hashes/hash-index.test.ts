import { describe, expect, it } from 'vitest';
import { HashIndex } from '../../../../../src/core/photo/hashes/hash-index.ts';
import { parseHash, type ParsedHash } from '../../../../../src/core/photo/hashes/perceptual-hash.ts';
import { hammingDistance } from '../../../../support/hamming-distance.ts';
import { seededRandom } from '../../../../support/random.ts';

describe('HashIndex', () => {
  it('finds nothing while it is empty, not even a zero hash', () => {
    expect(new HashIndex().firstWithin(parseHash('0000000000000000'), 64)).toBe(-1);
  });

  it.each([300, 6_000])('agrees with a scan of everything at every distance, among %i hashes', (count) => {
    const random = seededRandom(2).next;
    const hashes = clusteredHashes(count, random);
    const index = new HashIndex();
    for (const hash of hashes) index.add(hash);
    for (const distance of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 64]) {
      for (const sought of Array.from({ length: 6 }, () => near(pick(hashes, random), distance + 1, random))) {
        const expected = within(hashes, sought, distance);
        expect([...index.allWithin(sought, distance)]).toEqual(expected);
        expect(index.firstWithin(sought, distance)).toBe(expected[0] ?? -1);
      }
    }
  });

  it('finds what is added after its tables were made, and each hash once', () => {
    const random = seededRandom(3).next;
    const hashes = clusteredHashes(2_500, random);
    const index = new HashIndex();
    for (const hash of hashes.slice(0, 2_000)) index.add(hash);
    for (const hash of hashes.slice(2_000)) {
      const expected = within(hashes.slice(0, index.length), hash, 6);
      expect([...index.allWithin(hash, 6)]).toEqual(expected);
      expect(index.firstWithin(hash, 6)).toBe(expected[0] ?? -1);
      index.add(hash);
    }
  });
});

/** Half of them unrelated, half a few bits from an earlier one, as copies of photos are. */
function clusteredHashes(count: number, random: () => number): ParsedHash[] {
  const hashes: ParsedHash[] = [];
  for (let i = 0; i < count; i += 1) {
    const unrelated = { hi: Math.floor(random() * 2 ** 32) | 0, lo: Math.floor(random() * 2 ** 32) | 0 };
    hashes.push(i % 2 === 0 ? unrelated : near(pick(hashes, random), 16, random));
  }
  return hashes;
}

function near(hash: ParsedHash, bits: number, random: () => number): ParsedHash {
  let { hi, lo } = hash;
  for (let changes = Math.floor(random() * (bits + 1)); changes > 0; changes -= 1) {
    const bit = Math.floor(random() * 64);
    if (bit < 32) hi ^= 1 << bit;
    else lo ^= 1 << (bit - 32);
  }
  return { hi, lo };
}

function pick(hashes: readonly ParsedHash[], random: () => number): ParsedHash {
  return hashes[Math.floor(random() * hashes.length)] ?? { hi: 0, lo: 0 };
}

function within(hashes: readonly ParsedHash[], sought: ParsedHash, distance: number): number[] {
  return hashes.flatMap((hash, i) => (hammingDistance(hash, sought) <= distance ? [i] : []));
}
