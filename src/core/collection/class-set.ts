import { quote } from '../tools/quote.ts';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import { classListSha256, type ClassTable } from './class-table.ts';
import { createLabelIndex, normaliseLabel, type LabelResult } from './label-index.ts';

/** The classes of a collection. Their order is the order of masked logits, of evidence and of exports. */
export interface ClassSet {
  /** Sorted by code unit, without duplicates. */
  readonly wnids: readonly Wnid[];
  /** SHA-256 of the wnids joined with line feeds. */
  readonly sha256: Sha256;
  readonly nameByWnid: ReadonlyMap<Wnid, string>;
  /** Works as ClassTable.resolveLabel, but tries the collection's own classes and names first. The class need not be in the set. */
  readonly resolveLabel: (label: string) => LabelResult;
}

export interface ClassEntry {
  /** As the file has it: a wnid, an id that the user chose, or a name of one of the 1,000 classes. */
  readonly wnid: string;
  /** Turns an id that is not in the table into a class of the user. For other ids it replaces the table's name. */
  readonly name?: string | undefined;
  readonly where: string;
}

/** A class id: a wnid, or an id that the user chose. It has no dots or slashes, because ids become file names and WebDataset keys. */
export const CLASS_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export interface ClassSetResult {
  readonly classes: ClassSet;
  /** Sentences with file and line. If there are any, the set must not be used. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Creates a class set from the entries of a collection. If there are problems, the set holds the entries that are valid. */
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
    (clash ? problems : warnings).push(clash ? `${message} with another name. Give a class one name.` : message);
  }
  const ownNames = [...firstByWnid].flatMap(([wnid, { name }]) =>
    name === undefined ? [] : [{ wnid, name, synonyms: [] }],
  );
  problems.push(...sharedNames(ownNames));
  return { classes: toClassSet(nameByWnid, labelResolver(ownNames, table, nameByWnid)), problems, warnings };
}

/** One class a line, by wnid or name. `#` starts a comment. Blank lines are skipped. */
export function parseClassList(text: string, fileName: string): { entries: ClassEntry[]; problems: string[] } {
  const entries = text.split(/\r?\n/).flatMap((line, i): ClassEntry[] => {
    const wnid = line.replace(/#.*$/, '').trim();
    return wnid === '' ? [] : [{ wnid, where: `${fileName}:${i + 1}` }];
  });
  const problems = entries.length === 0 ? [`${fileName} lists no classes. Write one class on each line.`] : [];
  return { entries, problems };
}

function toClassSet(names: ReadonlyMap<Wnid, string>, resolveLabel: ClassSet['resolveLabel']): ClassSet {
  const wnids = Object.freeze([...names.keys()].toSorted());
  return Object.freeze({
    wnids,
    sha256: classListSha256(wnids),
    nameByWnid: names,
    resolveLabel,
  });
}

interface OwnName {
  readonly wnid: Wnid;
  readonly name: string;
  readonly synonyms: readonly string[];
}

/** If several classes have a name but only one is in the set, the name means that class. */
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
      : [`The classes '${first.wnid}' and '${own.wnid}' have the same name, ${quote(own.name)}. Rename one of them.`];
  });
}

/** Finds the class of an entry. An id with a name is a class of the user, even if the table has a class of that name. */
export function classOfEntry({ wnid, name }: ClassEntry, table: ClassTable): LabelResult {
  if (name !== undefined && CLASS_ID.test(wnid)) return { ok: true, wnid };
  return table.resolveLabel(wnid);
}

function entryProblem({ wnid, name, where }: ClassEntry, detail: string): string {
  const advice =
    name === undefined
      ? `; if it is your own class, give it a name: {wnid: ${CLASS_ID.test(wnid) ? wnid : 'my-id'}, name: "..."}`
      : '; the id of your own class may have at most 64 letters, digits, _ and -';
  return `Expected an ImageNet-1k class in ${where} but ${detail}${advice}`;
}
