import { notFiniteText } from './not-finite.ts';
import { argmax, softmax } from './softmax.ts';

/** TenCrop: top-left, top-right, bottom-left, bottom-right, centre, then the same five of the mirrored picture (§3.1). */
export const CROPS_PER_MEMBER = 10;

/** One cell of the members x crops matrix of a photo. */
export interface CropRef {
  /** Position in the ensemble. */
  readonly member: number;
  /** 0..9 in TenCrop order. */
  readonly crop: number;
}

/** What one member said of one crop. Classes are positions in the collection's class list. */
export interface CropEvidence {
  /** The class of the largest logit. */
  readonly top1: number;
  /** 0..1. */
  readonly top1Prob: number;
  /** p(class), 0..1, for the classes that the photo is a candidate of; a class that is absent is not known. */
  readonly trueProbs: ReadonlyMap<number, number>;
  /** Float32 logits over the class list; kept in store only for photos that were kept, null otherwise. */
  readonly logits: Float32Array | null;
  /**
   * True if the crop was evaluated over more classes than ours and nothing but this is known: top1 (-1 if it is none of
   * ours) is as it would be, probabilities are at least what is given. The crop itself is still missing.
   */
  readonly isBound?: boolean;
}

/** The partial matrix of a photo: `members[m][c]` is null while crop c of member m has not been evaluated. */
export type PhotoEvidence = readonly (readonly (CropEvidence | null)[])[];

/** An empty matrix for `members` members. */
export function noEvidence(members: number): PhotoEvidence {
  return Array.from({ length: members }, () => Array.from({ length: CROPS_PER_MEMBER }, () => null));
}

/**
 * Sums one crop's logits up for the classes in question.
 *
 * @param logits float32, over the class list
 * @param trueClasses positions in the class list whose probability must be known
 * @throws RangeError if a logit is not a finite number: such a model must not decide anything
 */
export function summariseCrop(logits: Float32Array, trueClasses: Iterable<number>): CropEvidence {
  const wrong = logits.length === 0 ? 'none' : notFiniteText(logits, 'class');
  if (wrong !== null)
    throw new RangeError(`Expected finite logits of one class or more from the model but received ${wrong}`);
  const probs = softmax(logits);
  const top1 = argmax(logits);
  const top1Prob = probs[top1] ?? 0;
  const trueProbs = new Map<number, number>();
  for (const wanted of trueClasses) trueProbs.set(wanted, probs[wanted] ?? 0);
  return { top1, top1Prob, trueProbs, logits };
}

/** p(class) of a crop if it is known: stored for that class, or derivable because the logits are at hand. */
export function probabilityOf(crop: CropEvidence, wanted: number): number | null {
  const stored = crop.trueProbs.get(wanted);
  if (stored !== undefined) return stored;
  if (crop.logits !== null) return softmax(crop.logits)[wanted] ?? null;
  return crop.top1 === wanted ? crop.top1Prob : null;
}

/** Both matrices in one; where both know a cell, `newer` adds to what is stored and its logits win. */
export function mergeEvidence(stored: PhotoEvidence, newer: PhotoEvidence): PhotoEvidence {
  return stored.map((crops, member) => crops.map((crop, index) => mergeCrop(crop, newer[member]?.[index] ?? null)));
}

function mergeCrop(stored: CropEvidence | null, newer: CropEvidence | null): CropEvidence | null {
  if (stored === null || newer === null) return newer ?? stored;
  if (stored.isBound === true) return newer;
  return {
    top1: newer.top1,
    top1Prob: newer.top1Prob,
    trueProbs: new Map([...stored.trueProbs, ...newer.trueProbs]),
    logits: newer.logits ?? stored.logits,
  };
}
