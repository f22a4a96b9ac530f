import { closest, distance } from 'fastest-levenshtein';

/** Longer words are no typing slips, and the search takes time in proportion to their length. */
const MAX_LENGTH = 100;

/**
 * The candidate that the user most likely meant, compared without case, or undefined if none is near: one edit for words of up to
 * five letters, two or a third of the letters for longer ones.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word === '' || word.length > MAX_LENGTH || candidates.length === 0) return undefined;
  const lower = word.toLowerCase();
  const byLowerCase = new Map(candidates.map((candidate) => [candidate.toLowerCase(), candidate]));
  const best = closest(lower, [...byLowerCase.keys()]);
  const maxEdits = word.length <= 5 ? 1 : Math.max(2, Math.floor(word.length / 3));
  const isNear = distance(lower, best) <= maxEdits;
  return isNear ? byLowerCase.get(best) : undefined;
}

/** " Did you mean 'x'?" to put behind a message, or an empty text. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const found = nearest(word, candidates);
  return found === undefined || found === word ? '' : ` Did you mean '${found}'?`;
}
