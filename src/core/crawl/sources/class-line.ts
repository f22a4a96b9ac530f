import type { Json, WantedClass } from './network-source.ts';
import { shortText } from './text.ts';

export function classText({ wnid, name }: Pick<WantedClass, 'wnid' | 'name'>): string {
  return `${wnid} (${name})`;
}

export function lineProblem(wanted: WantedClass, source: string, misfit: { expected: string; received: Json }): string {
  const [expected, received] = [shortText(misfit.expected, 300), shortText(JSON.stringify(misfit.received), 120)];
  return `Expected ${expected} for '${source}' in the line of ${classText(wanted)} but received ${received}`;
}

export interface LineItems {
  readonly items: readonly Json[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

/** Returns what a class's line lists, unchecked: `byName` if there is no line. `noun`: what it lists, as singular and plural. */
export function itemsOf(
  wanted: WantedClass,
  source: string,
  { noun: [one, more], byName }: { readonly noun: readonly [string, string]; readonly byName: Json },
): LineItems {
  const { entry } = wanted;
  if (entry === undefined) {
    const note = `${classText(wanted)} has no line for ${source} in the queries file: searched by its name`;
    return { items: [byName], problems: [], notes: [note] };
  }
  if (entry === null || (Array.isArray(entry) && entry.length === 0)) {
    return { items: [], problems: [], notes: [`${classText(wanted)}: its line has no ${one} for ${source}`] };
  }
  if (Array.isArray(entry)) return { items: entry, problems: [], notes: [] };
  const problem = lineProblem(wanted, source, { expected: `a list of ${more}`, received: entry });
  return { items: [], problems: [problem], notes: [] };
}
