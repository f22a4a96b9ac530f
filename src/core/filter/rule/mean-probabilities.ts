import type { PhotoEvidence } from '../../models/evidence/evidence.ts';
import { argmax, probabilities } from '../../models/evidence/softmax.ts';

/**
 * A class whose mean softmax is above this comes first, because the others share the rest. It allows for the rounding of sums. Of
 * sigmoids it says nothing.
 */
export const CERTAINLY_FIRST = 0.5 + 1e-9;

/** Mean p over all crops of the given members, or null if logits are missing. */
export function meanProbabilities(members: PhotoEvidence): Float64Array | null {
  let total: Float64Array | null = null;
  let count = 0;
  for (const cell of members.flat()) {
    if (cell === null || cell.logits === null) return null;
    const probs = probabilities(cell.logits, cell.isSigmoid);
    total ??= new Float64Array(probs.length);
    for (let i = 0; i < probs.length; i += 1) total[i] = (total[i] ?? 0) + (probs[i] ?? 0);
    count += 1;
  }
  return total?.map((value) => value / count) ?? null;
}

export interface Confusion {
  /** Position in the class list. */
  readonly confusion: number;
  /** Mean p(confusion) over members and crops, 0..1. */
  readonly confusionProb: number;
}

/** The argmax over the other classes of the mean of p over members and crops (protocol); null while logits are missing. */
export function confusionOf(evidence: PhotoEvidence, truth: number): Confusion | null {
  const means = meanProbabilities(evidence);
  if (means === null) return null;
  const confusion = argmax(means, truth);
  return { confusion, confusionProb: means[confusion] ?? 0 };
}
