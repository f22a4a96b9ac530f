import { CROPS_PER_MEMBER, summariseCrop, type CropEvidence, type PhotoEvidence } from './evidence.ts';

/** A member of another collection, whose class list has all ours and more. It gives or bounds our evidence. */
export interface RelatedMember {
  readonly memberId: number;
  /** Our member, as a position in the ensemble. */
  readonly member: number;
  /** Position of each of our classes in its list. */
  readonly places: readonly number[];
}

/** Position of each class of a list in a larger list, or null if a class is missing or the order differs. */
export function placesIn(larger: readonly string[], list: readonly string[]): number[] | null {
  const at = new Map(larger.map((wnid, i) => [wnid, i]));
  const places = list.map((wnid) => at.get(wnid) ?? -1);
  return places.every((place, i) => place > (places[i - 1] ?? -1)) ? places : null;
}

/**
 * Converts a crop's evidence over the larger list to our list. With logits the result is exact: our logits are among them,
 * bit for bit. Without logits it is a bound: a class that is first among more classes is also first among fewer, and p of a
 * class is at least its p among more. A bound can drop a photo but never keep one.
 *
 * @param truths positions in our list whose p must be known
 */
export function overOurs(cell: CropEvidence, places: readonly number[], truths: Iterable<number>): CropEvidence {
  const { logits, executionProvider, isSigmoid } = cell;
  const ran = {
    ...(executionProvider === undefined ? {} : { executionProvider }),
    ...(isSigmoid === undefined ? {} : { isSigmoid }),
  };
  if (logits !== null)
    return {
      ...summariseCrop(
        Float32Array.from(places, (place) => logits[place] ?? Number.NaN),
        truths,
        isSigmoid,
      ),
      ...ran,
    };
  const trueProbs = new Map<number, number>();
  for (const truth of truths) {
    const prob = cell.trueProbs.get(places[truth] ?? -1);
    if (prob !== undefined) trueProbs.set(truth, prob);
  }
  return { ...ran, top1: places.indexOf(cell.top1), top1Prob: cell.top1Prob, trueProbs, logits: null, isBound: true };
}

/** Fills crops that our member lacks. Logits of either count most, then exact summaries, then bounds. */
export function withRelated(ours: PhotoEvidence[number], theirs: PhotoEvidence[number]): PhotoEvidence[number] {
  return Array.from({ length: CROPS_PER_MEMBER }, (_, crop) => richer(ours[crop] ?? null, theirs[crop] ?? null));
}

function richer(own: CropEvidence | null, other: CropEvidence | null): CropEvidence | null {
  if (own === null || other === null) return own ?? other;
  return rankOf(other) > rankOf(own) ? other : own;
}

function rankOf({ logits, isBound }: CropEvidence): number {
  if (logits !== null) return 2;
  return isBound === true ? 0 : 1;
}

/** Exact cells that came from related members. They are the same as if our member had run. */
export function gained(ours: PhotoEvidence, known: PhotoEvidence): PhotoEvidence {
  return known.map((cells, member) =>
    cells.map((cell, crop) => (cell === null || cell.isBound === true || cell === ours[member]?.[crop] ? null : cell)),
  );
}
