import type { NamedClass } from '../../../core/collection/label-index.ts';

export interface FoundName extends NamedClass {
  /** The synonym that matches the text; null if the name does. */
  readonly synonym: string | null;
}

/**
 * The classes whose names match a text. First those whose name has words that begin so, then those with such a synonym, then
 * those with parts of words; the shortest first. All words of the text must be in one name. Ignores case, accents and punctuation.
 */
export function findNames(text: string, classes: readonly NamedClass[], most: number): FoundName[] {
  const words = plain(text)
    .split(' ')
    .filter((word) => word !== '');
  if (words.length === 0) return [];
  const found = classes.flatMap((one) => {
    const names = [one.name, ...one.synonyms, one.wnid].map(plain);
    const begun = names.findIndex((name) => words.every((word) => ` ${name}`.includes(` ${word}`)));
    const at = begun < 0 ? names.findIndex((name) => words.every((word) => name.includes(word))) : begun;
    if (at < 0) return [];
    const synonym = one.synonyms[at - 1] ?? null;
    return [{ rank: begun < 0 ? 2 : Math.min(begun, 1), length: names[at]?.length ?? 0, one: { ...one, synonym } }];
  });
  return found
    .toSorted((a, b) => a.rank - b.rank || a.length - b.length)
    .slice(0, most)
    .map(({ one }) => one);
}

const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
