import { quote } from '../config/quote.ts';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import { classListSha256 } from './class-table.ts';
import type { ClassTable } from './class-table.ts';
import { createLabelIndex, normaliseLabel } from './label-index.ts';
import type { LabelResult } from './label-index.ts';

/** The classes of a collection. Their order is the order of masked logits, of evidence and of exports. */
export interface ClassSet {
  /** Sorted by code unit, each once. */
  readonly wnids: readonly Wnid[];
  /** Of the wnids joined with line feeds. */
  readonly sha256: Sha256;
  /** Position in `wnids`. */
  readonly indexByWnid: ReadonlyMap<Wnid, number>;
  /** Short names for people. */
  readonly nameByWnid: ReadonlyMap<Wnid, string>;
  /** As ClassTable.resolveLabel, with the collection's own classes and names first. The class need not be in the set. */
  readonly resolveLabel: (label: string) => LabelResult;
}

/** One line of a collection's `classes`. */
export interface ClassEntry {
  /** As it is written: a wnid, an id of the user's own, or a name of one of the 1,000 classes. */
  readonly wnid: string;
  /** Makes an id that the table has not one of the user's own; for the others it replaces the table's name. */
  readonly name?: string | undefined;
  /** `file:line`, for messages. */
  readonly where: string;
}

/** What may stand for a class: a wnid, or an id of the user's own. No dots and slashes: ids become file names and WebDataset keys. */
export const CLASS_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export interface ClassSetResult {
  readonly classes: ClassSet;
  /** What makes the set unusable, in sentences with file and line. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Makes a class set of the entries of a collection. The set holds what could be understood even if there are problems. */
export function createClassSet(entries: readonly ClassEntry[], table: ClassTable): ClassSetResult {
  const problems: string[] = [];
  const warnings: string[] = [];
  const nameByWnid = new Map<Wnid, string>();
  const firstByWnid = new Map<Wnid, ClassEntry>();
  for (const entry of entries) {
    const found = classOfEntry(entry, table);
    if (!found.ok) {
      problems.push(entryProblem(entry, found.detail));
      continue;
    }
    const { wnid } = found;
    const earlier = firstByWnid.get(wnid);
    if (earlier === undefined) {
      firstByWnid.set(wnid, entry);
      nameByWnid.set(wnid, entry.name ?? table.byWnid.get(wnid)?.name ?? wnid);
      continue;
    }
    const clash = entry.name !== earlier.name;
    const message = `'${wnid}' is listed in ${earlier.where} and again in ${entry.where}`;
    (clash ? problems : warnings).push(clash ? `Expected one name for a class, but ${message}` : message);
  }
  const ownNames = [...firstByWnid].flatMap(([wnid, { name }]) =>
    name === undefined ? [] : [{ wnid, name, synonyms: [] }],
  );
  problems.push(...sharedNames(ownNames));
  return { classes: toClassSet(nameByWnid, labelResolver(ownNames, table, nameByWnid)), problems, warnings };
}

/**
 * Reads a file with one class a line, by wnid or name; `#` starts a comment, blank lines do not count.
 *
 * @returns the entries, and a sentence if there are none
 */
export function parseClassList(text: string, fileName: string): { entries: ClassEntry[]; problems: string[] } {
  const entries = text.split(/\r?\n/).flatMap((line, i): ClassEntry[] => {
    const wnid = line.replace(/#.*$/, '').trim();
    return wnid === '' ? [] : [{ wnid, where: `${fileName}:${i + 1}` }];
  });
  const problems = entries.length === 0 ? [`Expected one class a line in ${fileName} but received none`] : [];
  return { entries, problems };
}

function toClassSet(names: ReadonlyMap<Wnid, string>, resolveLabel: ClassSet['resolveLabel']): ClassSet {
  const wnids = Object.freeze([...names.keys()].toSorted());
  return Object.freeze({
    wnids,
    sha256: classListSha256(wnids),
    indexByWnid: new Map(wnids.map((wnid, i) => [wnid, i])),
    nameByWnid: names,
    resolveLabel,
  });
}

interface OwnName {
  readonly wnid: Wnid;
  readonly name: string;
  readonly synonyms: readonly string[];
}

/**
 * A name of several classes means the one of them that is in the set, if only one is. For an unknown name, the nearest is looked
 * for among the collection's own first.
 */
function labelResolver(
  ownNames: readonly OwnName[],
  table: ClassTable,
  set: ReadonlyMap<Wnid, string>,
): ClassSet['resolveLabel'] {
  const resolveOwn = createLabelIndex(ownNames, 'the classes that the collection names');
  return (label) => {
    const own = resolveOwn(label);
    if (own.ok) return own;
    const result = table.resolveLabel(label);
    if (result.ok) return result;
    const [only, ...more] = (result.candidates ?? []).filter((wnid) => set.has(wnid));
    if (only !== undefined && more.length === 0) return { ok: true, wnid: only };
    return own.nearest === undefined || only !== undefined ? result : own;
  };
}

function sharedNames(ownNames: readonly OwnName[]): string[] {
  const firstByName = new Map<string, OwnName>();
  return ownNames.flatMap((own) => {
    const key = normaliseLabel(own.name);
    const first = firstByName.get(key);
    firstByName.set(key, first ?? own);
    return first === undefined
      ? []
      : [`Expected a name of its own for class '${own.wnid}' but received ${quote(own.name)}, that of '${first.wnid}'`];
  });
}

/** The class of an entry. An id that comes with a name is the user's own, even if it is a name in the table. */
export function classOfEntry({ wnid, name }: ClassEntry, table: ClassTable): LabelResult {
  if (name !== undefined && CLASS_ID.test(wnid)) return { ok: true, wnid };
  return table.resolveLabel(wnid);
}

function entryProblem({ wnid, name, where }: ClassEntry, detail: string): string {
  const advice =
    name === undefined
      ? `; if it is a class of your own, give it a name: {wnid: ${CLASS_ID.test(wnid) ? wnid : 'my-id'}, name: "..."}`
      : '; the id of a class of your own has at most 64 letters, digits, _ and -';
  return `Expected an ImageNet-1k class in ${where} but ${detail}${advice}`;
}
