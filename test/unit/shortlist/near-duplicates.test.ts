import { describe, expect, it } from 'vitest';
import { parseHash } from '../../../src/photo/perceptual-hash.ts';
import { HashList } from '../../../src/shortlist/near-duplicates.ts';
import { seededRandom } from './sample-rows.ts';

function listOf(...hashes: string[]): HashList {
  const list = new HashList();
  for (const hash of hashes) list.add(parseHash(hash));
  return list;
}

function hashWithOnes(count: number): string {
  return (2n ** BigInt(count) - 1n).toString(16).padStart(16, '0');
}

function slowDistance(a: string, b: string): number {
  return (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll('0', '').length;
}

describe('HashList', () => {
  it('finds nothing while it is empty, not even a zero hash', () => {
    expect(new HashList().firstWithin(parseHash('0000000000000000'), 64)).toBe(-1);
  });

  it('takes the distance as the largest that still counts', () => {
    const list = listOf('0000000000000000');
    expect(list.firstWithin(parseHash(hashWithOnes(6)), 6)).toBe(0);
    expect(list.firstWithin(parseHash(hashWithOnes(7)), 6)).toBe(-1);
  });

  it('adds up the bits of both halves, the sign bits included', () => {
    const list = listOf('8000000080000000');
    expect(list.firstWithin(parseHash('0000000000000000'), 1)).toBe(-1);
    expect(list.firstWithin(parseHash('0000000000000000'), 2)).toBe(0);
    expect(listOf('ffffffffffffffff').firstWithin(parseHash('0000000000000000'), 63)).toBe(-1);
    expect(listOf('ffffffffffffffff').firstWithin(parseHash('0000000000000000'), 64)).toBe(0);
  });

  it('answers the earliest hash within the distance, not the closest', () => {
    const list = listOf('ffffffffffffffff', hashWithOnes(6), '0000000000000000');
    expect(list.firstWithin(parseHash('0000000000000000'), 6)).toBe(1);
    expect(list.firstWithin(parseHash('0000000000000000'), 0)).toBe(2);
  });

  it('agrees with a slow count on a thousand hashes, through every growth of its memory', () => {
    const random = seededRandom(1);
    const word = (): string =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    const hashes = Array.from({ length: 1000 }, () => word() + word());
    const list = listOf(...hashes);
    for (const distance of [0, 8, 16, 24]) {
      for (const sought of [...hashes.slice(-3), word() + word(), word() + word()]) {
        const expected = hashes.findIndex((hash) => slowDistance(hash, sought) <= distance);
        expect(list.firstWithin(parseHash(sought), distance)).toBe(expected);
      }
    }
  });
});
