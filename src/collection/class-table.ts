import { createHash } from 'node:crypto';
import * as z from 'zod';
import { expectedOf } from '../config/schema-problems.ts';
import { quote } from '../config/quote.ts';
import { UsageError } from '../kernel/errors.ts';
import { toSha256 } from '../kernel/ids.ts';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import { createLabelIndex, createNameLookup } from './label-index.ts';
import type { LabelResult } from './label-index.ts';
import { classesBelow, shortGloss, type WordNet } from './wordnet.ts';

const rowSchema = z
  .strictObject({
    index: z.int().min(0).max(999),
    wnid: z.string().regex(/^n\d{8}$/),
    name: z.string().min(1),
    synonyms: z.array(z.string().min(1)).min(1),
    scientificName: z.string().min(1).nullable(),
    imagenetA: z.boolean(),
    imagenetO: z.boolean(),
  })
  .describe('a class as config/classes/README.md describes it');

/** One ImageNet-1k class. `synonyms[0]` is its first WordNet lemma. */
export type ClassRow = Readonly<z.output<typeof rowSchema>> & { readonly synonyms: readonly string[] };

/** The 1,000 ImageNet-1k classes, sorted by wnid. Every ImageNet-1k model here has its logits in this order. */
export interface ClassTable {
  readonly rows: readonly ClassRow[];
  readonly byWnid: ReadonlyMap<Wnid, ClassRow>;
  /**
   * Finds the class that a folder's name means: by exact wnid, else by name, else by synonym. Ignores case and treats `_` and `-`
   * as spaces. The label may list several names of one class (`tench, Tinca tinca`). A name that several classes share is not
   * resolved. An unknown name takes about a millisecond, a known one much less.
   */
  readonly resolveLabel: (label: string) => LabelResult;
  /** Finds all classes with this wnid, name or synonym, in any spelling, also in the plural. */
  readonly classesNamed: (label: string) => readonly ClassRow[];
  /** The WordNet table of the classes. The first call reads a file, which takes some 20 ms. */
  readonly wordNet: () => WordNet;
}

export const CLASS_LIST_NAMES = ['imagenet-1k', 'imagenet-a', 'imagenet-o'] as const;
export type ClassListName = (typeof CLASS_LIST_NAMES)[number];

/** SHA-256 of each list: its sorted wnids joined with line feeds. A and O have the 200 classes of the released sets. */
const LIST_SHA256: Readonly<Record<ClassListName, string>> = {
  'imagenet-1k': '385e0240499426c022b773be1ae4da780f057b89c9694c7f47199f62746b6edd',
  'imagenet-a': 'f6aa4b23244554d9b864fd715ae20048f6a9686388911b2dfbf1ada01bf0f520',
  'imagenet-o': '39f8e64e8f89efad8fd9615c061abc61695ffbd27793e87199181cb4fb340083',
};

/** SHA-256 of config/classes/wordnet.jsonl. */
export const WORDNET_SHA256 = 'ebc21ff55cc2f74c8f3d10169bbb326c4b85f521efe2cd3ea86674b9e04e13c4';

/**
 * Reads the class table.
 *
 * @param text JSON Lines, as in config/classes/imagenet-1k.jsonl
 * @param fileName the file's name in messages
 * @param wordNet reads the WordNet table; called on first use
 * @throws UsageError `bad-class-table` if a line is not a class or if one of the three lists differs from the released one
 */
export function parseClassTable(text: string, fileName: string, wordNet: () => WordNet): ClassTable {
  const lines = text.split(/\r?\n/);
  const rows = lines.flatMap((line, i) => (line.trim() === '' ? [] : [parseRow(line, `${fileName}:${i + 1}`)]));
  for (const name of CLASS_LIST_NAMES) {
    const received = classListSha256(wnidsOf(name, rows));
    if (received !== LIST_SHA256[name]) {
      throw badTable(
        `Expected the released class list ${name} with SHA-256 ${LIST_SHA256[name]} in ${fileName} but received ${received}; ` +
          'restore the file from the repository',
      );
    }
  }
  const byWnid = new Map(rows.map((row) => [row.wnid, row]));
  const classesNamed = createNameLookup(rows, ({ wnid }) => wordNet().byWnid.get(wnid)?.plurals ?? []);
  return Object.freeze({
    rows: Object.freeze(rows),
    byWnid,
    resolveLabel: createLabelIndex(rows, 'the 1,000 ImageNet-1k classes', {
      glossOf: (wnid) => shortGloss(wnid, wordNet()),
      unknown: (label) => hypernymText(label, { byWnid, wordNet }),
      otherSpelling: classesNamed,
    }),
    classesNamed,
    wordNet,
  });
}

/** How many classes a message lists. */
const CLASSES_SHOWN = 5;

/**
 * Describes a label that names a hypernym of some classes, as the end of a sentence: `stands above 118 of the ImageNet-1k
 * classes: Chihuahua (n02085620), ... and 113 more`. Null for any other label.
 */
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

/** The wnids of a named list, sorted. */
export function wnidsOf(name: ClassListName, rows: readonly ClassRow[]): Wnid[] {
  const members =
    name === 'imagenet-1k' ? rows : rows.filter((row) => (name === 'imagenet-a' ? row.imagenetA : row.imagenetO));
  return members.map((row) => row.wnid);
}

/** The hash that identifies a class list. Evidence, decisions and masks that refer to positions in the list carry it. */
export function classListSha256(wnids: readonly Wnid[]): Sha256 {
  return toSha256(createHash('sha256').update(wnids.join('\n'), 'utf8').digest('hex'));
}

function parseRow(line: string, where: string): ClassRow {
  const result = rowSchema.safeParse(jsonOrUndefined(line));
  if (result.success) return Object.freeze(result.data);
  throw badTable(`Expected ${expectedOf(rowSchema)} in ${where} but received ${quote(line)}`);
}

function jsonOrUndefined(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function badTable(message: string): UsageError {
  return new UsageError(message, { code: 'bad-class-table' });
}
