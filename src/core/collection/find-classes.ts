import { normaliseLabel } from './label-index.ts';
import type { ClassRow, ClassTable } from './class-table.ts';
import { classesBelow } from './wordnet.ts';

export interface FoundClass {
  readonly wnid: string;
  readonly name: string;
  readonly synonyms: readonly string[];
  readonly gloss: string;
}

/**
 * Finds the classes whose names, synonyms or glosses contain the words of a text, and those below the hypernym that it names
 * (`dog`). Ignores case. The order, with ties sorted by wnid:
 *
 * 1. classes with this name;
 * 2. classes with this synonym or wnid;
 * 3. classes with all the words in one of their names;
 * 4. classes with parts of words in one of their names;
 * 5. classes with words in a name or in the gloss that begin with these;
 * 6. classes below the hypernym.
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
  readonly wanted: string;
  readonly gloss: string;
  /** True if its wnid or one of its names equals the text, in any spelling. */
  readonly isNamed: boolean;
  readonly isBelow: boolean;
}

/** The rank of a class: 0 is best; null if the class does not match. */
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
