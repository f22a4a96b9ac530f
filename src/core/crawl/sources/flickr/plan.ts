import * as z from 'zod';
import { itemsOf, lineProblem, classText, type LineItems } from '../class-line.ts';
import type { PlannedQuery, PlanResult, WantedClass } from '../network-source.ts';
import { storableText } from '../text.ts';
import { FLICKR } from './photo.ts';

const wordsSchema = z.string().max(500).transform(storableText);

/** One search of a class's `flickr` line, as config/classes/README.md describes it. */
const searchSchema = z
  .strictObject({
    /** A leading `-` excludes a word. */
    text: wordsSchema.default(''),
    /** A photo needs any one of the tags. */
    tags: z.array(wordsSchema.pipe(z.string().min(1))).default([]),
  })
  .refine(({ text, tags }) => text !== '' || tags.length > 0, 'text or tags must be given');
type Search = Readonly<z.output<typeof searchSchema>>;

export const paramsSchema = z.object({
  wnid: z.string(),
  text: z.string(),
  tags: z.array(z.string()),
  /** Flickr's ids. Null for all licences. */
  licences: z.array(z.int()).nullable(),
  /** Unix time in seconds. Later uploads are left to a later crawl, so that the windows do not change. */
  until: z.int(),
});
export type SearchParams = Readonly<z.output<typeof paramsSchema>>;

/** The searches of the class's line, or one by its name if it has no line. Invalid searches become problems. */
export function planSearches(
  wanted: WantedClass,
  { licences, nowMs }: { readonly licences: readonly number[] | null; readonly nowMs: number },
): PlanResult {
  const { searches, problems, notes } = searchesOf(wanted);
  if (licences?.length === 0 && searches.length > 0) {
    const note = `${classText(wanted)}: no search is made, because no photo at Flickr has a licence that the collection allows`;
    return { queries: [], problems, notes: [...notes, note] };
  }
  const until = Math.floor(nowMs / 1000);
  const queries = new Map<string, PlannedQuery>();
  for (const { text, tags } of searches) {
    // The key contains everything that decides which photos are listed. Other licences make another walk with its own cursor.
    const key = JSON.stringify(licences === null ? [text, tags] : [text, tags, licences]);
    const params: SearchParams = {
      wnid: wanted.wnid,
      text,
      tags,
      licences: licences === null ? null : [...licences],
      until,
    };
    queries.set(key, { key, title: titleOf({ text, tags }), params: { ...params } });
  }
  return { queries: [...queries.values()], problems, notes };
}

function titleOf({ text, tags }: Search): string {
  const words = [text === '' ? '' : `"${text}"`, tags.length === 0 ? '' : `tagged ${tags.join(' or ')}`];
  return words.filter((word) => word !== '').join(' ');
}

function searchesOf(wanted: WantedClass): LineItems & { readonly searches: readonly Search[] } {
  const line = itemsOf(wanted, FLICKR, { noun: ['search', 'searches'], byName: { text: wanted.name } });
  const searches: Search[] = [];
  const problems = [...line.problems];
  for (const item of line.items) {
    const parsed = searchSchema.safeParse(item);
    if (parsed.success) searches.push(parsed.data);
    else {
      const expected = `{text, tags} (${z.prettifyError(parsed.error)})`;
      problems.push(lineProblem(wanted, FLICKR, { expected, received: item }));
    }
  }
  return { ...line, searches, problems };
}
