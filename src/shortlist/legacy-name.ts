import type { ShortlistRow } from './shortlist.ts';

/**
 * The name that the released ImageNet-O gives a photo, `<concept>_<confidence>.JPEG` (its author, in issues 2 and 3 of
 * hendrycks/natural-adv-examples), for scripts that read it. Two photos may have the same name, and WebDataset cuts
 * keys at the first dot, so new sets should use other names. Null in mode A, where names contain the predictions of two
 * models.
 */
export function legacyName({ wnid, maxTrueProb, confusionProb }: ShortlistRow): string | null {
  return maxTrueProb === null ? `${wnid}_${confusionProb.toFixed(6)}.JPEG` : null;
}
