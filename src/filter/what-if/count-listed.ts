import { FingerprintIndex, type ParsedFingerprint } from '../../photo/hashes/fingerprint-index.ts';

export interface Listable extends ParsedFingerprint {
  readonly confusion: number;
}

/**
 * How many of a class's kept photos, given in the order of the shortlist, `shortlistClass` would list when it compares
 * hashes. The cap is checked first: a photo over it is never listed and never a twin, so hashes are compared for few.
 */
export function countListed(
  photos: Iterable<Listable>,
  { cap, nearDuplicateDistance }: { readonly cap: number; readonly nearDuplicateDistance: number },
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
