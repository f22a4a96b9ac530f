import { CROPS_PER_MEMBER, summariseCrop, type CropEvidence, type PhotoEvidence } from './evidence.ts';

/**
 * A member of another collection: the same model, read alike, on the same execution provider, over a class list that has all
 * classes of ours and more. What it said tells what ours would say.
 */
export interface RelatedMember {
  readonly memberId: number;
  /** The member of ours: position in the ensemble. */
  readonly member: number;
  /** Where each class of our list is in its list. */
  readonly places: readonly number[];
}

/** Where each class of a list is in a larger one, or null if one is not there or they come in another order. */
export function placesIn(larger: readonly string[], list: readonly string[]): number[] | null {
  const at = new Map(larger.map((wnid, i) => [wnid, i]));
  const places = list.map((wnid) => at.get(wnid) ?? -1);
  return places.every((place, i) => place > (places[i - 1] ?? -1)) ? places : null;
}

/**
 * What a crop's evidence over the larger list says over ours. With logits everything: ours are among them, bit for bit.
 * Without, that a class that comes first among more comes first among fewer, and that p of a class is at least what it is
 * among more: enough to drop a photo, never to keep one.
 *
 * @param truths positions in our list whose p must be known
 */
export function overOurs(cell: CropEvidence, places: readonly number[], truths: Iterable<number>): CropEvidence {
  const { logits } = cell;
  if (logits !== null)
    return summariseCrop(
      Float32Array.from(places, (place) => logits[place] ?? Number.NaN),
      truths,
    );
  const trueProbs = new Map<number, number>();
  for (const truth of truths) {
    const prob = cell.trueProbs.get(places[truth] ?? -1);
    if (prob !== undefined) trueProbs.set(truth, prob);
  }
  return { top1: places.indexOf(cell.top1), top1Prob: cell.top1Prob, trueProbs, logits: null, isBound: true };
}

/** Ours, with what kin say of crops that it does not have, or has without logits. The more a cell tells the sooner it counts. */
export function withRelated(ours: PhotoEvidence, theirs: PhotoEvidence): PhotoEvidence {
  return ours.map((cells, member) =>
    Array.from({ length: CROPS_PER_MEMBER }, (_, crop) => richer(cells[crop] ?? null, theirs[member]?.[crop] ?? null)),
  );
}

function richer(own: CropEvidence | null, other: CropEvidence | null): CropEvidence | null {
  if (own === null || other === null) return own ?? other;
  return rankOf(other) > rankOf(own) ? other : own;
}

function rankOf({ logits, isBound }: CropEvidence): number {
  if (logits !== null) return 2;
  return isBound === true ? 0 : 1;
}

/** Cells that kin gave whole: they are as if our member had run. */
export function gained(ours: PhotoEvidence, known: PhotoEvidence): PhotoEvidence {
  return known.map((cells, member) =>
    cells.map((cell, crop) => (cell === null || cell.isBound === true || cell === ours[member]?.[crop] ? null : cell)),
  );
}
