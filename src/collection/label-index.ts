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

/**
 * The classes that a label may mean: the one whose id it is or begins with (`n02085620-Chihuahua`), or all that have it
 * among their names or synonyms. Wider than `createLabelIndex`, for finding out whether a name could be a class at all:
 * letters and digits count, their case and what is between them do not, and the plural of a name is that name.
 */
export function createNameLookup<Class extends NamedClass>(
  classes: readonly Class[],
): (label: string) => readonly Class[] {
  const byWnid = new Map(classes.map((named) => [named.wnid, [named]]));
  // Every command reads the classes, and few ask this.
  let names: ReadonlyMap<string, readonly Class[]> | null = null;
  return (label) => {
    const exact = byWnid.get(label) ?? byWnid.get(wnidIn(label));
    if (exact !== undefined) return exact;
    names ??= groupByLabel(classes, (named) => [named.name, ...named.synonyms], lettersOf);
    const letters = lettersOf(label);
    if (letters === '') return [];
    for (const key of [letters, ...singularsOf(letters)]) {
      const found = names.get(key);
      if (found !== undefined) return found;
    }
    return [];
  };
}

/** The WordNet id that a label begins with, in whatever case; empty if there is none. */
function wnidIn(label: string): string {
  return /^\s*(n\d{8})(?!\d)/i.exec(label)?.[1]?.toLowerCase() ?? '';
}

function lettersOf(label: string): string {
  return (normaliseLabel(label).match(LETTERS) ?? []).join('');
}

const LETTERS = /[\p{L}\p{M}\p{N}]+/gu;

const SHORTEST_NOUN = 2;

/** What an English word may be the plural of, by its ending; empty if it has none. */
function singularsOf(letters: string): string[] {
  const endings: readonly (readonly [plural: RegExp, singulars: readonly string[]])[] = [
    [/(?<!s)s$/, ['']],
    [/(?<=s|x|z|o|ch|sh)es$/, ['']],
    [/ies$/, ['y']],
    [/ves$/, ['f', 'fe']],
  ];
  return endings
    .flatMap(([plural, singulars]) =>
      plural.test(letters) ? singulars.map((singular) => letters.replace(plural, singular)) : [],
    )
    .filter((singular) => singular.length >= SHORTEST_NOUN);
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
  keyOf: (label: string) => string = normaliseLabel,
): Map<string, Class[]> {
  const groups = new Map<string, Class[]>();
  for (const named of classes) {
    for (const label of new Set(labelsOf(named).map((one) => keyOf(one)))) {
      const group = groups.get(label);
      if (group === undefined) groups.set(label, [named]);
      else group.push(named);
    }
  }
  return groups;
}
