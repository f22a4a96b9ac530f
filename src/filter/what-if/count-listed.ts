import { FingerprintIndex, type ParsedFingerprint } from '../../photo/hashes/fingerprint-index.ts';

/** The properties of a kept photo that decide its place in a shortlist. */
export interface Listable extends ParsedFingerprint {
  /** The class that it is taken for. */
  readonly confusion: number;
}

/**
 * How many of a class's kept photos `shortlistClass` would list when it compares hashes. It checks the cap first. A
 * photo over the cap is never listed and is never a twin, so the same photos are listed, but hashes are compared for
 * few of them.
 *
 * @param photos in the order of the shortlist's rules
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
