import type { EvidenceProvider } from '../../kernel/execution-provider.ts';
import { notFiniteText, argmax, probabilities } from './softmax.ts';

/** TenCrop: top-left, top-right, bottom-left, bottom-right, centre, then the same five of the mirrored picture (§3.1). */
export const CROPS_PER_MEMBER = 10;

/** The centre crop, which evaluations, features and heatmaps use, in TenCrop order. */
export const CENTRE_CROP = 4;

export interface CropRef {
  readonly member: number;
  /** 0..9 in TenCrop order. */
  readonly crop: number;
}

/** The result of one member for one crop. Classes are positions in the collection's class list. */
export interface CropEvidence {
  readonly top1: number;
  /** 0..1. */
  readonly top1Prob: number;
  /** p(class), 0..1, for the classes that the photo is a candidate of. A class that is absent is not known. */
  readonly trueProbs: ReadonlyMap<number, number>;
  /** Float32 logits over the class list. Stored only for photos that were kept, otherwise null. */
  readonly logits: Float32Array | null;
  /**
   * Evaluated over a longer class list only: `top1` is exact (-1 if outside ours), probabilities are lower bounds. The crop still
   * counts as missing.
   */
  readonly isBound?: boolean;
  /** The member is of the sigmoid kind: p of a class is its own sigmoid, so the p of all classes do not sum to 1. */
  readonly isSigmoid?: boolean;
  /** Where the crop ran. The cpu by default. */
  readonly executionProvider?: EvidenceProvider;
}

/** The partial matrix of a photo: `members[m][c]` is null while crop c of member m has not been evaluated. */
export type PhotoEvidence = readonly (readonly (CropEvidence | null)[])[];

export function noEvidence(members: number): PhotoEvidence {
  return Array.from({ length: members }, noCrops);
}

export function noCrops(): (CropEvidence | null)[] {
  return Array.from({ length: CROPS_PER_MEMBER }, () => null);
}

/** @throws RangeError if a logit is not a finite number: such a model must not decide anything */
export function summariseCrop(logits: Float32Array, trueClasses: Iterable<number>, isSigmoid = false): CropEvidence {
  const wrong = logits.length === 0 ? 'none' : notFiniteText(logits, 'class');
  if (wrong !== null)
    throw new RangeError(`Expected finite logits of one class or more from the model but received ${wrong}`);
  const probs = probabilities(logits, isSigmoid);
  const top1 = argmax(logits);
  const top1Prob = probs[top1] ?? 0;
  const trueProbs = new Map<number, number>();
  for (const wanted of trueClasses) trueProbs.set(wanted, probs[wanted] ?? 0);
  return { top1, top1Prob, trueProbs, logits, ...(isSigmoid ? { isSigmoid } : {}) };
}

export function ranOn(provider: EvidenceProvider, evidence: PhotoEvidence): PhotoEvidence {
  if (provider === 'cpu') return evidence;
  return evidence.map((cells) => cells.map((cell) => cell && { ...cell, executionProvider: provider }));
}

/** p(class) of a crop, if it is stored for that class or the logits are known. */
export function probabilityOf(crop: CropEvidence, wanted: number): number | null {
  const stored = crop.trueProbs.get(wanted);
  if (stored !== undefined) return stored;
  if (crop.logits !== null) return probabilities(crop.logits, crop.isSigmoid)[wanted] ?? null;
  return crop.top1 === wanted ? crop.top1Prob : null;
}

/**
 * Merges two matrices. If both know a cell, `newer` adds to the stored cell and its logits win. A cell of another execution
 * provider adds nothing: imported probabilities must not count as winnow's own.
 */
export function mergeEvidence(stored: PhotoEvidence, newer: PhotoEvidence): PhotoEvidence {
  return stored.map((crops, member) => crops.map((crop, index) => mergeCrop(crop, newer[member]?.[index] ?? null)));
}

function mergeCrop(stored: CropEvidence | null, newer: CropEvidence | null): CropEvidence | null {
  if (stored === null || newer === null) return newer ?? stored;
  if (stored.isBound === true || stored.executionProvider !== newer.executionProvider) return newer;
  const trueProbs = new Map([...stored.trueProbs, ...newer.trueProbs]);
  return { ...newer, trueProbs, logits: newer.logits ?? stored.logits };
}
