import { normaliseLabel } from './label-index.ts';
import type { ClassRow, ClassTable } from './class-table.ts';
import { classesBelow } from './wordnet.ts';

export interface FoundClass {
  readonly wnid: string;
  readonly name: string;
  /** All its lemmas, the first one first. */
  readonly synonyms: readonly string[];
  /** What WordNet says that it is. */
  readonly gloss: string;
}

/**
 * The classes whose names, synonyms or glosses have the words of a text, or that stand below what it names (`dog`). Best first:
 * the classes of that name, then of that synonym or wnid, then those that have the words in one of their names, then parts of words
 * there, then words that begin so in the gloss, then the classes below. Equals by wnid. Case does not count.
 *
 * @param text empty: no class
 */
export function findClasses(text: string, table: ClassTable): FoundClass[] {
  const wanted = normaliseLabel(text);
  if (wanted === '') return [];
  const wordNet = table.wordNet();
  const above = new Set(wordNet.hypernymsNamed(text).map(({ wnid }) => wnid));
  const below = new Set(above.size === 0 ? [] : classesBelow([...above], wordNet));
  const exact = new Set(table.classesNamed(text).map(({ wnid }) => wnid));
  const ranked = table.rows.flatMap((row) => {
    const gloss = wordNet.byWnid.get(row.wnid)?.gloss ?? '';
    const rank = rankOf(row, { wanted, gloss, isNamed: exact.has(row.wnid), isBelow: below.has(row.wnid) });
    return rank === null ? [] : [{ rank, found: { wnid: row.wnid, name: row.name, synonyms: row.synonyms, gloss } }];
  });
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ found }) => found);
}

interface Looked {
  /** Normalised. */
  readonly wanted: string;
  readonly gloss: string;
  /** Its wnid or one of its names is what is looked for, in whatever spelling. */
  readonly isNamed: boolean;
  readonly isBelow: boolean;
}

/** 0 is best; null: not found. */
function rankOf({ name, synonyms }: ClassRow, { wanted, gloss, isNamed, isBelow }: Looked): number | null {
  const words = wanted.split(' ');
  const names = [name, ...synonyms].map((one) => normaliseLabel(one));
  if (isNamed) return normaliseLabel(name) === wanted || names[1] === wanted ? 0 : 1;
  if (names.some((one) => words.every((word) => wordsOf(one).includes(word)))) return 2;
  if (names.some((one) => words.every((word) => one.includes(word)))) return 3;
  const all = [...names, gloss.toLowerCase()].flatMap((one) => wordsOf(one));
  if (words.every((word) => all.some((one) => one.startsWith(word)))) return 4;
  return isBelow ? 5 : null;
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}
