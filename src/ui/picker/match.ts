import type { NamedClass } from '../../collection/label-index.ts';

export interface FoundName extends NamedClass {
  /** The synonym that matches the text; null if the name does. */
  readonly synonym: string | null;
}

/**
 * The classes whose names match a text, the best first: the whole name, then its beginning, then the beginnings of words, then
 * parts of words. All words of the text must be in one name. Ignores case, accents and punctuation.
 */
export function findNames(text: string, classes: readonly NamedClass[], most: number): FoundName[] {
  const wanted = plain(text);
  if (wanted === '') return [];
  const found = classes.flatMap((one) => {
    const ranks = [one.name, ...one.synonyms, one.wnid].map((name, i) => rankOf(plain(name), wanted, i > 0));
    const rank = Math.min(...ranks);
    const synonym = one.synonyms[ranks.indexOf(rank) - 1] ?? null;
    return rank === NONE ? [] : [{ rank, one: { ...one, synonym } }];
  });
  const length = ({ one }: (typeof found)[number]): number => (one.synonym ?? one.name).length;
  return found
    .toSorted((a, b) => a.rank - b.rank || length(a) - length(b))
    .slice(0, most)
    .map(({ one }) => one);
}

const NONE = Infinity;

/** 0 is best. The beginning of a synonym ranks after a word of a name: `snake` means `sea snake` before `snake fence`. */
function rankOf(name: string, wanted: string, isSynonym: boolean): number {
  if (name === wanted) return isSynonym ? 0.5 : 0;
  const later = isSynonym ? 1.5 : 0;
  if (name.startsWith(wanted)) return 1 + later;
  const words = wanted.split(' ');
  if (words.every((word) => ` ${name}`.includes(` ${word}`))) return 2 + later;
  return words.every((word) => name.includes(word)) ? 3 + later : NONE;
}

const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
