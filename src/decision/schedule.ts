import type { CropRef } from '../evidence/evidence.ts';

/** An undecided photo, and its crop that runs next. */
export interface OpenPhoto {
  /** Position in the batch. */
  readonly photo: number;
  readonly next: CropRef;
}

/** Crops of several photos that run through one member together. */
export interface ForwardPass {
  readonly member: number;
  readonly crops: readonly { readonly photo: number; readonly crop: number }[];
}

/**
 * The next pass over some photos: the member that most of them wait for (the first of equals), and at most
 * `cropsPerPass` photos, those that were opened first. One crop for each photo, because its evidence may make the
 * others unnecessary.
 *
 * @returns null if no photo is open
 */
export function nextPass(open: Iterable<OpenPhoto>, cropsPerPass: number): ForwardPass | null {
  const waiting = new Map<number, { photo: number; crop: number }[]>();
  for (const { photo, next } of open) {
    const crops = waiting.get(next.member) ?? [];
    crops.push({ photo, crop: next.crop });
    waiting.set(next.member, crops);
  }
  const [first] = [...waiting].toSorted(([a, some], [b, others]) => others.length - some.length || a - b);
  return first === undefined ? null : { member: first[0], crops: first[1].slice(0, cropsPerPass) };
}
