import { quote } from '../config/quote.ts';
import type { Wnid } from '../kernel/ids.ts';
import type { ClassSet } from './class-set.ts';
import { hypernymText, type ClassRow, type ClassTable } from './class-table.ts';
import { normaliseLabel, type LabelResult } from './label-index.ts';

/**
 * What a collection's candidates are photos of: in mode A its classes, in mode O concepts outside ImageNet-1k. Candidates,
 * decisions and shortlists carry the id of one in the place that is called `wnid`.
 */
export interface Subjects {
  /** Sorted; null if any concept will do. */
  readonly ids: readonly Wnid[] | null;
  has(id: Wnid): boolean;
  /** For people. */
  readonly nameOf: (id: Wnid) => string;
  /** The subject that a folder's name or a flag stands for. It need not be one of the collection's. */
  readonly resolveLabel: (label: string) => LabelResult;
}

/** One line of a collection's `concepts`. */
export interface ConceptEntry {
  readonly label: string;
  /** What people read; by default the label. */
  readonly name?: string | undefined;
  /** `file:line`, for messages. */
  readonly where: string;
}

/** Mode A: the classes themselves. */
export function classSubjects({ wnids, indexByWnid, nameByWnid, resolveLabel }: ClassSet): Subjects {
  return Object.freeze({
    ids: wnids,
    has: (id: Wnid) => indexByWnid.has(id),
    nameOf: (id: Wnid) => nameByWnid.get(id) ?? id,
    resolveLabel,
  });
}

/** Mode O: the listed concepts, or any. */
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
      problems.push(`Expected different concepts but received ${quote(label)} in ${where}, which is listed already`);
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
  /** Whether a concept may stand above some of the 1,000 classes, as dog does. Default: no. */
  readonly allowHypernyms?: boolean;
}

/**
 * The id of a concept: a WordNet id as it is, of any other name its letters and digits in lower case, joined by `_`, as
 * in `garden_gnome`. A photo counts as out of distribution only if it shows none of the 1,000 classes, so these are refused:
 *
 * - the classes, by wnid, name or synonym, however they are written (`N01440764`, `n02085620-Chihuahua`, `gold fish`, `zebras`,
 *   `geese`, `tench, Tinca tinca`);
 * - what stands above some of them in WordNet (`dog`, `trucks`, `n02084071`), unless the rules allow it. A name counts in each of
 *   its senses: `seal` is refused because a sea lion is one. The id of another sense is accepted.
 *
 * A concept below a class (a breed of one of the dogs) is accepted: the WordNet table ends at the classes.
 */
export function conceptOf(
  label: string,
  table: ClassTable,
  { allowHypernyms = false }: ConceptRules = {},
): LabelResult {
  const classes = table.classesNamed(label);
  if (classes.length > 0) return { ok: false, detail: refusalOf(label, classes) };
  const above = allowHypernyms ? null : hypernymText(label, table);
  if (above !== null) return { ok: false, detail: hypernymRefusalOf(label, above) };
  if (WORDNET_ID.test(label)) return { ok: true, wnid: label };
  const id = (normaliseLabel(label).match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).join('_');
  if (id !== '' && id.length <= MAX_ID_LENGTH) return { ok: true, wnid: id };
  return {
    ok: false,
    detail: `${quote(label)} names no concept: expected a WordNet id or a name of 1 to ${MAX_ID_LENGTH} letters and digits, such as the name of the folder that the photo is in`,
  };
}

const WORDNET_ID = /^n\d{8}$/;
const MAX_ID_LENGTH = 64;

function refusalOf(label: string, classes: readonly ClassRow[]): string {
  const list = classes.map(({ wnid, name }) => `${name} (${wnid})`).join(' and ');
  const byId = classes.some(({ wnid }) => label.trim().toLowerCase().startsWith(wnid));
  const which = classes.length === 1 ? `the ImageNet-1k class ${list}` : `the ImageNet-1k classes ${list}`;
  if (byId) return `${quote(label)} is ${which}`;
  return `${quote(label)} is a name of ${which}; if another thing of that name is meant, use its WordNet id`;
}

function hypernymRefusalOf(label: string, above: string): string {
  const advice = /^\s*n\d{8}/i.test(label) ? '' : 'if another thing of that name is meant, use its WordNet id; ';
  return `${quote(label)} ${above}; ${advice}allowHypernyms: true in the collection file accepts it all the same`;
}

/** `garden_gnome` as people read it. */
function conceptName(id: Wnid): string {
  return WORDNET_ID.test(id) ? id : id.replaceAll('_', ' ');
}
