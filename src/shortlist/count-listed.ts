import { FingerprintIndex, type ParsedFingerprint } from '../photo/fingerprint-index.ts';
import type { ShortlistPolicy } from './shortlist.ts';

/** A kept photo as far as its place in a shortlist depends on it. */
export interface Listable extends ParsedFingerprint {
  /** What it is taken for. */
  readonly confusion: number;
}

/**
 * How many of a class's kept photos `shortlistClass` would list, comparing hashes. It asks for the cap first: what is over
 * the cap is never listed and nobody's twin, so the same are listed, and hashes are compared for few photos only.
 *
 * @param photos in the order of the shortlist's rules
 */
export function countListed(
  photos: Iterable<Listable>,
  { cap, nearDuplicateDistance }: Pick<ShortlistPolicy, 'cap' | 'nearDuplicateDistance'>,
): number {
  const places = new Map<number, number>();
  const listed = new FingerprintIndex();
  for (const photo of photos) {
    const { confusion } = photo;
    const taken = places.get(confusion) ?? 0;
    if (taken >= cap || listed.firstMatch(photo, nearDuplicateDistance) !== -1) continue;
    listed.add(photo);
    places.set(confusion, taken + 1);
  }
  return listed.length;
}
