import { closest, distance } from 'fastest-levenshtein';

/** Words longer than this are not typing errors. The time of a search grows with the length of the word. */
const MAX_LENGTH = 100;

/**
 * The candidate that the user most likely meant, or undefined if none is near. Ignores case. Near means at most one edit for
 * words of up to five letters, or two swapped letters. For longer words it means at most two edits, or a third of the letters
 * if that is more.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word === '' || word.length > MAX_LENGTH || candidates.length === 0) return undefined;
  const lower = word.toLowerCase();
  const byLowerCase = new Map(candidates.map((candidate) => [candidate.toLowerCase(), candidate]));
  const best = closest(lower, [...byLowerCase.keys()]);
  const maxEdits = word.length <= 5 ? 1 : Math.max(2, Math.floor(word.length / 3));
  const swapped = [...byLowerCase.keys()].find((candidate) => isSwapped(lower, candidate));
  const isNear = distance(lower, best) <= maxEdits;
  return byLowerCase.get(isNear ? best : (swapped ?? ''));
}

/** True if swapping two neighbouring letters of one word gives the other. */
function isSwapped(one: string, other: string): boolean {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const swapped = `${one.slice(0, at)}${one[at + 1]}${one[at]}${one.slice(at + 2)}`;
  return swapped === other;
}

/** Candidates in the order of their similarity, without those that differ in most letters. */
export function nearestFew(word: string, candidates: readonly string[]): string[] {
  if (word.length > MAX_LENGTH) return [];
  return candidates
    .map((candidate) => ({ candidate, edits: distance(word, candidate) }))
    .filter(({ edits }) => edits <= word.length / 2)
    .toSorted((a, b) => a.edits - b.edits)
    .map(({ candidate }) => candidate);
}

const SHORTEST_START = 3;

/** The end of a message: " Did you mean 'x'?". If no candidate is near, it names the shortest that begins with the word, or is empty. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const begins = candidates
    .filter((one) => word.length >= SHORTEST_START && one.toLowerCase().startsWith(word.toLowerCase()))
    .toSorted((a, b) => a.length - b.length)[0];
  const found = nearest(word, candidates) ?? begins;
  return found === undefined || found === word ? '' : ` Did you mean '${found}'?`;
}
