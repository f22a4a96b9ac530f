import { type Sha256, type Wnid } from '../kernel/ids.ts';
import { sha256Of } from '../tools/sha256.ts';
import { createLabelIndex, createNameLookup, type LabelResult } from './label-index.ts';
import { classesBelow, shortGloss, unchangedLines, type WordNet } from './wordnet.ts';

export interface ClassRow {
  /** Position in the usual sorted order of the classes, 0 to 999. */
  readonly index: number;
  readonly wnid: Wnid;
  readonly name: string;
  /** All lemmas of the class in WordNet's order. */
  readonly synonyms: readonly string[];
  readonly scientificName: string | null;
  readonly imagenetA: boolean;
  readonly imagenetO: boolean;
}

/** The 1,000 ImageNet-1k classes, sorted by wnid. Every ImageNet-1k model here has its logits in this order. */
export interface ClassTable {
  readonly rows: readonly ClassRow[];
  readonly byWnid: ReadonlyMap<Wnid, ClassRow>;
  /**
   * By exact wnid, else by name, else by synonym. Ignores case and treats `_` and `-` as spaces. The label may list several names
   * of one class (`tench, Tinca tinca`). A name that several classes share is not resolved.
   */
  readonly resolveLabel: (label: string) => LabelResult;
  /** Finds all classes with this wnid, name or synonym, in any spelling, also in the plural. */
  readonly classesNamed: (label: string) => readonly ClassRow[];
  /** The WordNet table of the classes. The first call reads a file, which takes some 20 ms. */
  readonly wordNet: () => WordNet;
}

export const CLASS_LIST_NAMES = ['imagenet-1k', 'imagenet-a', 'imagenet-o'] as const;
export type ClassListName = (typeof CLASS_LIST_NAMES)[number];

/** SHA-256 of config/classes/imagenet-1k.jsonl. The 200 classes of A and of O in it are those of the released sets. */
const CLASSES_SHA256 = '5ec39544516cd4da65b24a145e29a7b6bb10d29a4d7a28f7562785ae31e46696';

const rowIn: (line: string) => ClassRow = JSON.parse;

/** Throws a UsageError `bad-class-table` if the text has another hash. `wordNet` reads the WordNet table on first use. */
export function parseClassTable(text: string, fileName: string, wordNet: () => WordNet): ClassTable {
  const table = { what: 'the class table', fileName, sha256: CLASSES_SHA256, code: 'bad-class-table' };
  const rows = unchangedLines(text, table).map(rowIn);
  const byWnid = new Map(rows.map((row) => [row.wnid, row]));
  const classesNamed = createNameLookup(rows, ({ wnid }) => wordNet().byWnid.get(wnid)?.plurals ?? []);
  return {
    rows,
    byWnid,
    resolveLabel: createLabelIndex(rows, 'the 1,000 ImageNet-1k classes', {
      glossOf: (wnid) => shortGloss(wnid, wordNet()),
      unknown: (label) => hypernymText(label, { byWnid, wordNet }),
      otherSpelling: classesNamed,
    }),
    classesNamed,
    wordNet,
  };
}

const CLASSES_SHOWN = 5;

/** The end of a sentence: `stands above 118 of the ImageNet-1k classes: Chihuahua (n02085620), ... and 113 more`, or null. */
export function hypernymText(
  label: string,
  { byWnid, wordNet }: Pick<ClassTable, 'byWnid' | 'wordNet'>,
): string | null {
  const above = wordNet().hypernymsNamed(label);
  if (above.length === 0) return null;
  const below = classesBelow(
    above.map(({ wnid }) => wnid),
    wordNet(),
  );
  const shown = below.slice(0, CLASSES_SHOWN).map((wnid) => `${byWnid.get(wnid)?.name} (${wnid})`);
  const more = below.length - shown.length;
  const list = more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
  return `stands above ${below.length} of the ImageNet-1k classes: ${list}`;
}

export function wnidsOf(name: ClassListName, rows: readonly ClassRow[]): Wnid[] {
  const members =
    name === 'imagenet-1k' ? rows : rows.filter((row) => (name === 'imagenet-a' ? row.imagenetA : row.imagenetO));
  return members.map((row) => row.wnid);
}

/** The name of the bundled list with just these classes, in any order; null if there is none. */
export function listNameOf(wnids: readonly Wnid[], { rows }: Pick<ClassTable, 'rows'>): ClassListName | null {
  const text = wnids.toSorted().join(' ');
  return CLASS_LIST_NAMES.find((name) => wnidsOf(name, rows).join(' ') === text) ?? null;
}

/** The hash that identifies a class list. Evidence, decisions and masks that refer to positions in the list carry it. */
export function classListSha256(wnids: readonly Wnid[]): Sha256 {
  return sha256Of(wnids.join('\n'));
}
