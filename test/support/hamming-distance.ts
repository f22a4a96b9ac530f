import { countOnes, type ParsedHash } from '../../src/core/photo/hashes/perceptual-hash.ts';

export function hammingDistance(a: ParsedHash, b: ParsedHash): number {
  return countOnes(a.hi ^ b.hi) + countOnes(a.lo ^ b.lo);
}
