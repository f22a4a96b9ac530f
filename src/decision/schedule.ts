import type { CropRef } from '../evidence/evidence.ts';

/** A photo of the batch that is not decided yet, and the crops that can decide it, most useful first. */
export interface OpenPhoto {
  /** Position in the batch. */
  readonly photo: number;
  readonly missing: readonly CropRef[];
}

/** Crops of several photos that go through one member together. */
export interface ForwardPass {
  readonly member: number;
  readonly crops: readonly { readonly photo: number; readonly crop: number }[];
}

/**
 * One round of work over a batch: the most useful missing crop of every open photo, grouped by member into passes of at
 * most `cropsPerPass`. After a round the caller decides again, so a photo costs no crop more than it needs.
 */
export function nextRound(open: readonly OpenPhoto[], cropsPerPass: number): ForwardPass[] {
  const byMember = new Map<number, { photo: number; crop: number }[]>();
  for (const { photo, missing } of open) {
    const [next] = missing;
    if (next === undefined) continue;
    const crops = byMember.get(next.member) ?? [];
    crops.push({ photo, crop: next.crop });
    byMember.set(next.member, crops);
  }
  return [...byMember]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([member, crops]) => chunk(crops, cropsPerPass).map((part) => ({ member, crops: part })));
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
