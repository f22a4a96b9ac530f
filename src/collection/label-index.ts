import { nearest } from '../config/nearest.ts';
import { quote } from '../config/quote.ts';
import type { Wnid } from '../kernel/ids.ts';

/** What is needed of a class to find it by what people call it. */
export interface NamedClass {
  readonly wnid: Wnid;
  readonly name: string;
  /** All its lemmas, the first one first. */
  readonly synonyms: readonly string[];
}

export type LabelResult =
  | { readonly ok: true; readonly wnid: Wnid }
  /** `detail` is a sentence for people: the candidates of an ambiguous name, which come along, or the nearest known one. */
  | { readonly ok: false; readonly detail: string; readonly candidates?: readonly Wnid[] };

const WNID = /^n\d{8}$/;

/** The classes that a label may mean: the one with that id, or all that have it among their names or synonyms. */
export function createNameLookup<Class extends NamedClass>(
  classes: readonly Class[],
): (label: string) => readonly Class[] {
  const byWnid = new Map(classes.map((named) => [named.wnid, [named]]));
  const byName = groupByLabel(classes, (named) => [named.name, ...named.synonyms]);
  return (label) => byWnid.get(label) ?? byName.get(normaliseLabel(label)) ?? [];
}

/**
 * Finds classes by id or name. A class's own names are its `name` and its first lemma; they are matched before the further synonyms,
 * so "partridge" is the partridge although a grouse is called so too, while "crane", first lemma of the bird and of the machine,
 * stays ambiguous. Guessing there would fill a class with photos of another one.
 *
 * @param whose the classes, for the message: `the 1,000 ImageNet-1k classes`
 */
export function createLabelIndex(classes: readonly NamedClass[], whose: string): (label: string) => LabelResult {
  const byWnid = new Map(classes.map((named) => [named.wnid, named]));
  const byOwnName = groupByLabel(classes, (named) => [named.name, ...named.synonyms.slice(0, 1)]);
  const bySynonym = groupByLabel(classes, (named) => named.synonyms);
  const known = [...new Set([...byOwnName.keys(), ...bySynonym.keys()])];

  return (label) => {
    const exact = byWnid.get(label);
    if (exact !== undefined) return { ok: true, wnid: exact.wnid };
    const key = normaliseLabel(label);
    const candidates = byOwnName.get(key) ?? bySynonym.get(key) ?? [];
    const [only] = candidates;
    if (only !== undefined && candidates.length === 1) return { ok: true, wnid: only.wnid };
    if (only === undefined) return { ok: false, detail: unknown(label) };
    return { ok: false, detail: ambiguous(label, candidates), candidates: candidates.map(({ wnid }) => wnid) };
  };

  function unknown(label: string): string {
    const found = WNID.test(label) ? undefined : nearest(normaliseLabel(label), known);
    const target = found === undefined ? undefined : (byOwnName.get(found) ?? bySynonym.get(found))?.[0];
    const advice = target === undefined ? '' : `; the nearest name is '${found}' (${target.wnid})`;
    return `${quote(label)} is none of ${whose}${advice}`;
  }
}

/** Labels that are equal here name the same class. NFC, lower case, `_` and `-` and runs of space as one space. */
export function normaliseLabel(label: string): string {
  return label
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
    .trim();
}

function ambiguous(label: string, candidates: readonly NamedClass[]): string {
  const list = candidates.map(({ wnid, name }) => `${wnid} (${name})`).join(', ');
  return `${quote(label)} is the name of ${candidates.length} classes: ${list}; use the wnid`;
}

function groupByLabel<Class extends NamedClass>(
  classes: readonly Class[],
  labelsOf: (named: Class) => readonly string[],
): Map<string, Class[]> {
  const groups = new Map<string, Class[]>();
  for (const named of classes) {
    for (const label of new Set(labelsOf(named).map(normaliseLabel))) {
      const group = groups.get(label);
      if (group === undefined) groups.set(label, [named]);
      else group.push(named);
    }
  }
  return groups;
}
