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
  readonly wnid: Wnid;
  /** Needed for ids that the table has not; for the others it replaces the table's name. */
  readonly name?: string | undefined;
  /** `file:line`, for messages. */
  readonly where: string;
}

/** What may stand for a class: a wnid, or an id of the user's own. No dots and slashes: ids become file names and WebDataset keys. */
export const CLASS_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
export const CLASS_ID_IN_WORDS =
  'a class id of at most 64 letters, digits, _ and - (a wnid like n02268443, or one of your own)';

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
    const earlier = firstByWnid.get(entry.wnid);
    const name = entry.name ?? table.byWnid.get(entry.wnid)?.name;
    if (earlier !== undefined) {
      const clash = entry.name !== earlier.name;
      const message = `'${entry.wnid}' is listed in ${earlier.where} and again in ${entry.where}`;
      (clash ? problems : warnings).push(clash ? `Expected one name for a class, but ${message}` : message);
    } else if (name === undefined) {
      problems.push(namelessProblem(entry, table));
    } else {
      firstByWnid.set(entry.wnid, entry);
      nameByWnid.set(entry.wnid, name);
    }
  }
  const ownNames = [...firstByWnid.values()].flatMap(({ wnid, name }) =>
    name === undefined ? [] : [{ wnid, name, synonyms: [] }],
  );
  problems.push(...sharedNames(ownNames));
  return { classes: toClassSet(nameByWnid, labelResolver(ownNames, table, nameByWnid)), problems, warnings };
}

/**
 * Reads a file with one wnid a line; `#` starts a comment, blank lines do not count.
 *
 * @returns the entries, and a sentence for each line that holds anything else
 */
export function parseClassList(text: string, fileName: string): { entries: ClassEntry[]; problems: string[] } {
  const entries: ClassEntry[] = [];
  const problems: string[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const wnid = line.replace(/#.*$/, '').trim();
    const where = `${fileName}:${i + 1}`;
    if (wnid === '') continue;
    if (CLASS_ID.test(wnid)) entries.push({ wnid, where });
    else problems.push(`Expected ${CLASS_ID_IN_WORDS} in ${where} but received ${quote(wnid)}`);
  }
  if (entries.length === 0 && problems.length === 0)
    problems.push(`Expected one wnid a line in ${fileName} but received none`);
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

/** A name of several classes means the one of them that is in the set, if only one is. */
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
    return only !== undefined && more.length === 0 ? { ok: true, wnid: only } : result;
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

function namelessProblem({ wnid, where }: ClassEntry, table: ClassTable): string {
  const byName = table.resolveLabel(wnid);
  const advice = byName.ok
    ? `write its wnid, ${byName.wnid}`
    : `give it a name if it is a class of your own: {wnid: ${wnid}, name: "..."}`;
  return `Expected one of the 1,000 ImageNet-1k wnids in ${where} but received '${wnid}'; ${advice}`;
}
