import type { CandidateRules, WnidFilter } from '../crawl/candidates/candidate.ts';
import { loadClassTable } from '../collection/class-table.process.ts';
import type { Collection } from '../collection/collection.ts';
import type { LabelResult } from '../collection/label-index.ts';
import { belowClassText, conceptId, kindsByName } from '../collection/subjects.ts';
import { quote } from '../tools/quote.ts';
import { UsageError } from '../kernel/errors.ts';
import type { Wnid } from '../kernel/ids.ts';
import { MODES } from '../collection/modes.ts';
import { SUBJECTS } from '../kernel/mode.ts';

export type ClassLabels = readonly string[] | undefined;

/**
 * @param options.allowed mode O: concepts below one of the 1,000 classes whose photos are taken
 * @param options.searched null if any class will do
 * @throws UsageError `concept-below-class` if the photos of a searched concept would be refused
 */
export async function rulesOf(
  { mode, subjects, licences }: Collection,
  { allowed, searched }: { readonly allowed: readonly Wnid[]; readonly searched: readonly string[] | null },
): Promise<CandidateRules> {
  if (MODES[mode].showsClass) return { resolveLabel: remembered(subjects.resolveLabel), wnids: subjects, licences };
  const table = await loadClassTable();
  const accepted = new Set(allowed);
  const problems = (searched ?? []).flatMap((concept) => belowClassText(concept, table, accepted) ?? []);
  if (problems.length > 0) throw new UsageError(problems.join('\n'), { code: 'concept-below-class' });
  const resolveLabel = (label: string): LabelResult => {
    const result = subjects.resolveLabel(label);
    const detail = result.ok ? belowClassText(label, table, accepted) : null;
    return detail === null ? result : { ok: false, detail };
  };
  return { resolveLabel: remembered(resolveLabel), wnids: subjects, licences };
}

/** @throws UsageError `unknown-concept` */
export async function hyponymsNamed({ mode }: Collection, values: readonly string[]): Promise<Wnid[]> {
  if (values.length > 0 && MODES[mode].idleKeys.includes('allowHyponyms'))
    throw new UsageError(`--allow has no effect in mode ${mode}. Leave it out`, { code: 'wrong-flags' });
  const table = await loadClassTable();
  return values
    .flatMap((value) => value.split(','))
    .flatMap((label) => {
      const found = table.wordNet().hyponymsNamed(label.trim());
      if (found.length > 0) return found.map(({ wnid }) => wnid);
      if (kindsByName(label, table).length > 0) return [conceptId(label)];
      throw new UsageError(
        `Expected for --allow concepts below one of the 1,000 classes, by WordNet id or name, but received ${quote(label)}. Other concepts need no --allow`,
        { code: 'unknown-concept' },
      );
    });
}

export function wantedOf(collection: Collection, classLabels: ClassLabels): WnidFilter {
  return classLabels === undefined ? collection.subjects : new Set(classesOf(collection, classLabels));
}

/** Null if the collection takes any concept. */
export function wantedWnids(collection: Collection, classLabels: ClassLabels): readonly string[] | null {
  return classLabels === undefined ? collection.subjects.ids : classesOf(collection, classLabels);
}

/** A folder gives the same label for thousands of photos, and explaining a wrong one is slow. */
function remembered(resolveLabel: CandidateRules['resolveLabel']): CandidateRules['resolveLabel'] {
  const known = new Map<string, ReturnType<CandidateRules['resolveLabel']>>();
  return (label) => {
    const result = known.get(label) ?? resolveLabel(label);
    known.set(label, result);
    return result;
  };
}

/**
 * A value is one class, in any spelling that a folder's name may have (`tench, Tinca tinca`), or several.
 * @throws UsageError `unknown-class` with a sentence for each unknown one
 */
export function classesOf(collection: Collection, values: readonly string[]): string[] {
  const labels = values.flatMap((value) => {
    const whole = collection.subjects.resolveLabel(value);
    const isOne = !value.includes(',') || (whole.ok && collection.subjects.ids?.includes(whole.wnid) === true);
    return isOne ? [value] : value.split(',').filter((label) => label.trim() !== '');
  });
  const results = (labels.length > 0 ? labels : ['']).map((label) => classOf(collection, label.trim()));
  const problems = results.flatMap((result) => (result.ok ? [] : [result.detail]));
  if (problems.length > 0) throw new UsageError(problems.join('\n'), { code: 'unknown-class' });
  return [...new Set(results.flatMap((result) => (result.ok ? [result.wnid] : [])))];
}

function classOf({ subjects, mode, name }: Collection, label: string): LabelResult {
  const resolved = subjects.resolveLabel(label);
  if (resolved.ok && subjects.has(resolved.wnid)) return resolved;
  const { one, many } = SUBJECTS[mode];
  const why = resolved.ok ? `${resolved.wnid} is not one of its ${subjects.ids?.length ?? 0} ${many}` : resolved.detail;
  const detail = `Expected a ${one} of collection '${name}' for --class but received '${label}': ${why}`;
  return { ok: false, detail };
}
