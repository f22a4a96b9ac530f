import { nearest, nearestFew } from '../tools/nearest.ts';
import { quote } from '../tools/quote.ts';
import type { Wnid } from '../kernel/ids.ts';

export interface NamedClass {
  readonly wnid: Wnid;
  readonly name: string;
  readonly synonyms: readonly string[];
}

export type LabelResult =
  | { readonly ok: true; readonly wnid: Wnid }
  /** `detail` explains the failure to people. It names the candidates of an ambiguous name, or the nearest known name. */
  | {
      readonly ok: false;
      readonly detail: string;
      readonly candidates?: readonly Wnid[];
      readonly nearest?: Wnid;
    };

const WNID = /^n\d{8}$/;
const WNID_AND_NAMES = /^\s*(n\d{8})[\s_,-]+(.*)$/s;

/**
 * A label that is an id or begins with one (`n02085620-Chihuahua`) means that class. Any other label means every class that has
 * it as a name or synonym, or that has one of the names in a list like `tench, Tinca tinca`. Accepts more than
 * `createLabelIndex`: only letters and digits count, without case, and the plural of a name matches it.
 *
 * @param irregularPluralsOf plurals without a regular ending, such as `geese`; called at the first look-up by name
 */
export function createNameLookup<Class extends NamedClass>(
  classes: readonly Class[],
  irregularPluralsOf: (named: Class) => readonly string[] = () => [],
): (label: string) => readonly Class[] {
  const byWnid = new Map(classes.map((named) => [named.wnid, [named]]));
  // Built on first use, because every command loads the classes but few look up names.
  let names: ReadonlyMap<string, readonly Class[]> | null = null;
  return (label) => {
    const exact = byWnid.get(label) ?? byWnid.get(wnidIn(label));
    if (exact !== undefined) return exact;
    names ??= groupByLabel(
      classes,
      (named) => [named.name, ...named.synonyms, ...irregularPluralsOf(named)],
      lettersOf,
    );
    const known = names;
    return [...new Set([label, ...partsOf(label)].flatMap((part) => namedBy(part, known)))];
  };
}

function namedBy<Class>(label: string, names: ReadonlyMap<string, readonly Class[]>): readonly Class[] {
  const letters = lettersOf(label);
  if (letters === '') return [];
  return [letters, ...singularsOf(letters)].map((key) => names.get(key)).find((found) => found !== undefined) ?? [];
}

/** Splits names, or an id and names, as ImageNet's files write them: `n01440764 tench, Tinca tinca`. Empty for a single name. */
function partsOf(label: string): string[] {
  const [, wnid, names] = WNID_AND_NAMES.exec(label) ?? [];
  if (wnid === undefined && !label.includes(',')) return [];
  const parts = [wnid ?? '', ...(names ?? label).split(',')];
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function wnidIn(label: string): string {
  return /^\s*(n\d{8})(?!\d)/i.exec(label)?.[1]?.toLowerCase() ?? '';
}

function lettersOf(label: string): string {
  return (normaliseLabel(label).match(LETTERS) ?? []).join('');
}

const LETTERS = /[\p{L}\p{M}\p{N}]+/gu;

const SHORTEST_NOUN = 2;

/** The possible singulars of an English word, by its ending. Empty if it has no plural ending. */
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

/** Further facts for messages about labels. Called only if a label cannot be resolved. */
export interface LabelAdvice {
  glossOf(wnid: Wnid): string;
  /** Describes an unknown label, as the end of a sentence: `stands above ...`. If null, the message gives the nearest name. */
  unknown(label: string): string | null;
  /** The classes for which an unknown label is another spelling or a plural (`geese`). */
  otherSpelling(label: string): readonly NamedClass[];
}

const NAMES_SHOWN = 3;

const NO_ADVICE: LabelAdvice = { glossOf: () => '', unknown: () => null, otherSpelling: () => [] };

/**
 * Creates a function that finds a class by id or name. A class's own names are its `name` and its first lemma. They are matched
 * before the other synonyms, so "partridge" means the partridge although it is also a synonym of a grouse. But "crane" is the first
 * lemma of both the bird and the machine, so it stays ambiguous: a guess would fill one class with photos of the other.
 *
 * A label may also be a list of names of one class, or its id and names: `tench, Tinca tinca`, `n01440764 tench`.
 *
 * @param whose describes the classes in messages: `the 1,000 ImageNet-1k classes`
 */
export function createLabelIndex(
  classes: readonly NamedClass[],
  whose: string,
  advice: LabelAdvice = NO_ADVICE,
): (label: string) => LabelResult {
  const index = {
    byWnid: new Map(classes.map((named) => [named.wnid, named])),
    byOwnName: groupByLabel(classes, (named) => [named.name, ...named.synonyms.slice(0, 1)]),
    bySynonym: groupByLabel(classes, (named) => named.synonyms),
  };
  const known = [...new Set([...index.byOwnName.keys(), ...index.bySynonym.keys()])];

  return (label) => {
    const exact = index.byWnid.get(label);
    if (exact !== undefined) return { ok: true, wnid: exact.wnid };
    const key = normaliseLabel(label);
    const candidates = index.byOwnName.get(key) ?? index.bySynonym.get(key);
    if (candidates !== undefined) return oneOf(label, candidates, advice);
    const parts = partsOf(label);
    const unknownPart = parts.find((part) => allNamed(part, index).length === 0);
    if (parts.length > 0 && unknownPart === undefined) return classOfParts(label, index, advice);
    return unknown(unknownPart ?? label);
  };

  function unknown(label: string): LabelResult {
    const hint = advice.unknown(label);
    if (hint !== null) return { ok: false, detail: `${quote(label)} ${hint}` };
    const detail = `${quote(label)} is not one of ${whose}`;
    const near = WNID.test(label) ? undefined : nearestTo(label);
    if (near === undefined) {
      const similar = similarNames(label, classes, known);
      return { ok: false, detail: similar === '' ? detail : `${detail}; nearest: ${similar}` };
    }
    return { ok: false, detail: `${detail}; the nearest name is '${near.name}' (${near.wnid})`, nearest: near.wnid };
  }

  function nearestTo(label: string): Pick<NamedClass, 'name' | 'wnid'> | undefined {
    const [other] = advice.otherSpelling(label);
    if (other !== undefined) return other;
    const name = nearest(normaliseLabel(label), known);
    const target = name === undefined ? undefined : (index.byOwnName.get(name) ?? index.bySynonym.get(name))?.[0];
    return name === undefined || target === undefined ? undefined : { name, wnid: target.wnid };
  }
}

/** Names with a word of the label, or those with the most similar spelling. */
function similarNames(label: string, classes: readonly NamedClass[], known: readonly string[]): string {
  const wordsOf = (text: string): string[] => normaliseLabel(text).split(' ');
  const words = wordsOf(label);
  const sharing = classes.filter(({ name }) => wordsOf(name).some((word) => words.includes(word)));
  const similar = sharing.length > 0 ? sharing.map(({ name }) => name) : nearestFew(normaliseLabel(label), known);
  return similar.slice(0, NAMES_SHOWN).map(quote).join(', ');
}

interface LabelIndex {
  readonly byWnid: ReadonlyMap<Wnid, NamedClass>;
  readonly byOwnName: ReadonlyMap<string, readonly NamedClass[]>;
  readonly bySynonym: ReadonlyMap<string, readonly NamedClass[]>;
}

function allNamed(name: string, { byWnid, byOwnName, bySynonym }: LabelIndex): NamedClass[] {
  const exact = byWnid.get(name);
  if (exact !== undefined) return [exact];
  const key = normaliseLabel(name);
  return [...new Set([...(byOwnName.get(key) ?? []), ...(bySynonym.get(key) ?? [])])];
}

/** The class that all parts of a label have in common. Every part must be a known name. */
function classOfParts(label: string, index: LabelIndex, advice: LabelAdvice): LabelResult {
  const named = partsOf(label).map((part) => allNamed(part, index));
  const all = [...new Set(named.flat())];
  const shared = all.filter((one) => named.every((ofPart) => ofPart.includes(one)));
  if (shared.length > 0) return oneOf(label, shared, advice);
  return { ok: false, detail: `${quote(label)} names different classes: ${listOf(all, advice)}; name one of them` };
}

function oneOf(label: string, candidates: readonly NamedClass[], advice: LabelAdvice): LabelResult {
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return { ok: true, wnid: only.wnid };
  const list = listOf(candidates, advice);
  const clear = candidates.flatMap(({ wnid, name }) => [
    ...(normaliseLabel(name) === normaliseLabel(label) ? [] : [quote(name)]),
    wnid,
  ]);
  const detail = `${quote(label)} is the name of ${candidates.length} classes: ${list}; write ${clear.join(' or ')} instead, also as the name of a folder`;
  return { ok: false, detail, candidates: candidates.map(({ wnid }) => wnid) };
}

function listOf(candidates: readonly NamedClass[], advice: LabelAdvice): string {
  const described = candidates.map(({ wnid, name }) => {
    const gloss = advice.glossOf(wnid);
    return `${wnid} (${gloss === '' ? name : `${name}: ${gloss}`})`;
  });
  return described.join(', ');
}

/** Normalises a label for comparison: NFC, lower case, and each run of spaces, `_` and `-` as one space. */
export function normaliseLabel(label: string): string {
  return label
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
    .trim();
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
