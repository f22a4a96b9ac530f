import { quote } from '../tools/quote.ts';
import type { Wnid } from '../kernel/ids.ts';
import type { ClassSet } from './class-set.ts';
import { hypernymText, type ClassRow, type ClassTable } from './class-table.ts';
import { hypernymsOf } from './wordnet.ts';
import { normaliseLabel, type LabelResult } from './label-index.ts';

/** Photos are searched as classes in mode A, as concepts in mode O. Rows store the id of a subject as their `wnid`. */
export interface Subjects {
  /** Sorted. Null if any concept is accepted. */
  readonly ids: readonly Wnid[] | null;
  has(id: Wnid): boolean;
  readonly nameOf: (id: Wnid) => string;
  /** Finds the subject that a folder's name or a flag means. The collection need not contain it. */
  readonly resolveLabel: (label: string) => LabelResult;
}

export interface ConceptEntry {
  readonly label: string;
  readonly name?: string | undefined;
  readonly where: string;
}

export function classSubjects({ wnids, nameByWnid, resolveLabel }: ClassSet): Subjects {
  return Object.freeze({
    ids: wnids,
    has: (id: Wnid) => nameByWnid.has(id),
    nameOf: (id: Wnid) => nameByWnid.get(id) ?? id,
    resolveLabel,
  });
}

export function conceptSubjects(
  entries: readonly ConceptEntry[] | 'any',
  table: ClassTable,
  rules: ConceptRules = {},
): { readonly subjects: Subjects; readonly problems: readonly string[] } {
  const resolveLabel = (label: string): LabelResult => conceptOf(label, table, rules);
  const names = new Map<Wnid, string>();
  const problems: string[] = [];
  for (const { label, name, where } of entries === 'any' ? [] : entries) {
    const concept = resolveLabel(label);
    if (!concept.ok) problems.push(`Expected a concept outside ImageNet-1k in ${where} but ${concept.detail}`);
    else if (names.has(concept.wnid))
      problems.push(`The concept ${quote(label)} in ${where} is listed already. Remove one of the two.`);
    else names.set(concept.wnid, name ?? conceptName(concept.wnid));
  }
  const subjects: Subjects = Object.freeze({
    ids: entries === 'any' ? null : Object.freeze([...names.keys()].toSorted()),
    has: (id: Wnid) => entries === 'any' || names.has(id),
    nameOf: (id: Wnid) => names.get(id) ?? conceptName(id),
    resolveLabel,
  });
  return { subjects, problems };
}

export interface ConceptRules {
  /** Allows a concept above some of the 1,000 classes, as dog is. Default: false. */
  readonly allowHypernyms?: boolean;
}

/**
 * Finds the id of a concept. A WordNet id is its own id. For any other name the id consists of its letters and digits in lower
 * case, joined by `_`: `garden_gnome`. A photo is out of distribution only if it shows none of the 1,000 classes, so these names
 * are refused:
 *
 * - the classes, by wnid, name or synonym in any spelling (`N01440764`, `n02085620-Chihuahua`, `gold fish`, `zebras`, `geese`,
 *   `tench, Tinca tinca`);
 * - hypernyms of some classes in WordNet (`dog`, `trucks`, `n02084071`), unless the rules allow them. Every sense of a name counts:
 *   `seal` is refused because a sea lion is a seal. The WordNet id of another sense is accepted.
 *
 * `belowClassText` finds the concepts below a class, and the kinds of one by name.
 */
function conceptOf(label: string, table: ClassTable, { allowHypernyms = false }: ConceptRules = {}): LabelResult {
  const classes = table.classesNamed(label);
  if (classes.length > 0) return { ok: false, detail: refusalOf(label, classes) };
  const above = allowHypernyms ? null : hypernymText(label, table);
  if (above !== null) return { ok: false, detail: hypernymRefusalOf(label, above) };
  const id = conceptId(label);
  if (id !== '' && id.length <= MAX_ID_LENGTH) return { ok: true, wnid: id };
  return {
    ok: false,
    detail: `${quote(label)} names no concept: expected a WordNet id or a name of 1 to ${MAX_ID_LENGTH} letters and digits, such as the name of the folder that the photo is in`,
  };
}

/** The id of a concept by its name or WordNet id. Empty for a name without letters and digits. */
export function conceptId(label: string): string {
  return WORDNET_ID.test(label) ? label : wordsOf(label).join('_');
}

function wordsOf(label: string): string[] {
  return normaliseLabel(label).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

interface KindByName {
  /** The name, or the one of several names with commas between them. */
  readonly name: string;
  readonly classes: readonly ClassRow[];
}

/**
 * The names in a label whose last words name a class, in the singular or plural, as `red-eyed tree frog` and `stretch limousine` do:
 * most name a kind of it that WordNet does not have. A WordNet id has no words.
 */
export function kindsByName(label: string, { classesNamed }: Pick<ClassTable, 'classesNamed'>): KindByName[] {
  return label.split(',').flatMap((part) => {
    const words = WORDNET_ID.test(part.trim()) ? [] : wordsOf(part);
    const classes = words.map((_, i) => (i === 0 ? [] : classesNamed(words.slice(i).join(' '))));
    const longest = classes.find((found) => found.length > 0);
    return longest === undefined ? [] : [{ name: part.trim(), classes: longest }];
  });
}

/**
 * In mode O, a photo of a concept below one of the 1,000 classes shows that class. A concept is below it in WordNet or, if WordNet
 * does not have it below any class, by the last words of its name. Null for other and for allowed concepts.
 */
export function belowClassText(
  label: string,
  table: Pick<ClassTable, 'byWnid' | 'wordNet' | 'classesNamed'>,
  allowed: ReadonlySet<Wnid>,
): string | null {
  const { byWnid, wordNet } = table;
  const known = wordNet().hyponymsNamed(label);
  const below = known.filter(({ wnid }) => !allowed.has(wnid));
  if (known.length === 0) return kindByNameText(label, table, allowed);
  if (below.length === 0) return null;
  const kinds = below.map(({ wnid, name }) => {
    const classes = [...hypernymsOf(wnid, wordNet())].flatMap((above) => byWnid.get(above) ?? []);
    return `${name} (${wnid}) is a kind of ${classes.map((row) => `${row.name} (${row.wnid})`).join(' and ')}`;
  });
  const advice = WORDNET_ID.test(label) ? '' : 'if you mean another thing of that name, use its WordNet id; ';
  return `${quote(label)} is below an ImageNet-1k class: ${kinds.join('; ')}; ${advice}--allow ${below.map(({ wnid }) => wnid).join(',')} takes its photos`;
}

function kindByNameText(
  label: string,
  table: Pick<ClassTable, 'classesNamed'>,
  allowed: ReadonlySet<Wnid>,
): string | null {
  const kinds = kindsByName(label, table).filter(({ name }) => !allowed.has(conceptId(name)));
  if (kinds.length === 0) return null;
  const ends = kinds.map(({ name, classes }) => {
    const list = classes.map((row) => `${row.name} (${row.wnid})`).join(' and ');
    return `${quote(name)} ends with a name of the ImageNet-1k ${classes.length === 1 ? 'class' : 'classes'} ${list}`;
  });
  const ids = kinds.map(({ name }) => conceptId(name)).join(',');
  return `${ends.join('; ')}: its photos may show it. If they do not, --allow ${ids} takes them, or use the WordNet id of the concept`;
}

const WORDNET_ID = /^n\d{8}$/;
const MAX_ID_LENGTH = 64;

function refusalOf(label: string, classes: readonly ClassRow[]): string {
  const list = classes.map(({ wnid, name }) => `${name} (${wnid})`).join(' and ');
  const byId = classes.some(({ wnid }) => label.trim().toLowerCase().startsWith(wnid));
  const which = classes.length === 1 ? `the ImageNet-1k class ${list}` : `the ImageNet-1k classes ${list}`;
  if (byId) return `${quote(label)} is ${which}`;
  return `${quote(label)} is a name of ${which}; if you mean another thing of that name, use its WordNet id`;
}

function hypernymRefusalOf(label: string, above: string): string {
  const advice = /^\s*n\d{8}/i.test(label) ? '' : 'if you mean another thing of that name, use its WordNet id; ';
  return `${quote(label)} ${above}; ${advice}allowHypernyms: true in the collection file accepts it`;
}

function conceptName(id: Wnid): string {
  return WORDNET_ID.test(id) ? id : id.replaceAll('_', ' ');
}
