import { groupBy } from '../../core/kernel/group-by.ts';
import type { Sha256 } from '../../core/kernel/ids.ts';
import { sha256Of } from '../../core/tools/sha256.ts';

/** Classes with fewer different photos have none held out. */
const LEAST_PHOTOS = 3;
const SHARE = 0.1;

/**
 * Holds out a tenth of the different photos of each class, at least one: those with the smallest hash of seed and
 * SHA-256, so that the choice depends neither on the names of files nor on their order. Copies of a photo stay
 * together. Returns positions.
 */
export function heldOut(
  photos: readonly { readonly sha256: Sha256; readonly label: number }[],
  seed: number,
): ReadonlySet<number> {
  const chosen = new Set<number>();
  const positions = photos.map((photo, i) => ({ ...photo, i }));
  for (const ofClass of groupBy(positions, ({ label }) => label).values()) {
    const bySha = groupBy(ofClass, ({ sha256 }) => sha256);
    if (bySha.size < LEAST_PHOTOS) continue;
    const shuffled = [...bySha].map(([sha256, same]) => ({ key: sha256Of(`${seed} ${sha256}`), same }));
    const count = Math.max(1, Math.round(bySha.size * SHARE));
    for (const { same } of shuffled.toSorted((a, b) => (a.key < b.key ? -1 : 1)).slice(0, count))
      for (const { i } of same) chosen.add(i);
  }
  return chosen;
}
