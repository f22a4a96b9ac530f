import { closest, distance } from 'fastest-levenshtein';

/** Words longer than this are not typing errors. The time of a search grows with the length of the word. */
const MAX_LENGTH = 100;

/**
 * The candidate that the user most likely meant, or undefined if none is near. Ignores case. Near means at most one edit for
 * words of up to five letters. For longer words it means at most two edits, or a third of the letters if that is more.
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

/** The end of a message: " Did you mean 'x'?", or an empty string if no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const found = nearest(word, candidates);
  return found === undefined || found === word ? '' : ` Did you mean '${found}'?`;
}
