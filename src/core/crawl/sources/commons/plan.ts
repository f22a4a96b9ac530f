import * as z from 'zod';
import { classText, itemsOf, lineProblem } from '../class-line.ts';
import type { PlannedQuery, PlanResult, WantedClass } from '../network-source.ts';
import { storableText } from '../text.ts';

export const COMMONS = 'commons';

const words = z.string().max(300).transform(storableText).pipe(z.string().min(1));

/** One search of a class's `commons` line, as config/classes/README.md describes it, and its words in CirrusSearch. */
const searchSchema = z.union(
  [
    z.strictObject({ depicts: z.string().regex(/^Q[1-9]\d*$/) }).transform(({ depicts }) => ({
      title: `depicts ${depicts}`,
      search: `haswbstatement:P180=${depicts}`,
    })),
    z.strictObject({ text: words }).transform(({ text }) => ({ title: text, search: text })),
    z.strictObject({ category: words }).transform(({ category }) => ({
      title: `category ${category}`,
      search: `incategory:"${category.replaceAll('"', '')}"`,
    })),
  ],
  'give one of depicts (a Wikidata item such as Q144), text and category',
);

export const paramsSchema = z.object({ wnid: z.string(), search: z.string() });

/**
 * The searches of the class's line, in its order. A class without a line is searched by its name if that has two words or more:
 * single words (crane, jay, bow) mean too many things.
 */
export function planSearches(wanted: WantedClass): PlanResult {
  const { wnid, name } = wanted;
  if (wanted.entry === undefined && !name.includes(' ')) {
    const note = `${classText(wanted)} has no line for ${COMMONS} in the queries file, and its name is one word: not searched`;
    return { queries: [], problems: [], notes: [note] };
  }
  const line = itemsOf(wanted, COMMONS, { noun: ['search', 'searches'], byName: { text: `"${name}"` } });
  const queries = new Map<string, PlannedQuery>();
  const problems = [...line.problems];
  for (const item of line.items) {
    const { data, error } = searchSchema.safeParse(item);
    if (data !== undefined)
      queries.set(data.search, { key: data.search, title: data.title, params: { wnid, search: data.search } });
    else problems.push(lineProblem(wanted, COMMONS, { expected: z.prettifyError(error), received: item }));
  }
  return { queries: [...queries.values()], problems, notes: line.notes };
}
