import * as z from 'zod';
import type { Json, PlannedQuery, PlanResult, WantedClass } from '../network-source.ts';
import { shortText, storableText } from '../text.ts';

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

/** The parameters that a planned query stores. */
export const paramsSchema = z.object({
  wnid: z.string(),
  text: z.string(),
  tags: z.array(z.string()),
  /** Flickr's ids. Null: all licences. */
  licences: z.array(z.int()).nullable(),
  /** Unix time in seconds. Later uploads are left to a later crawl, so that the windows do not change. */
  until: z.int(),
});
export type SearchParams = Readonly<z.output<typeof paramsSchema>>;

export interface PlanContext {
  /** See `licenceFilter`. */
  readonly licences: readonly number[] | null;
  readonly nowMs: number;
}

/**
 * Returns the searches for one class: those of its line, or one by its name if it has no line. Invalid searches become
 * problems.
 */
export function planSearches(wanted: WantedClass, { licences, nowMs }: PlanContext): PlanResult {
  const { searches, problems, notes } = searchesOf(wanted);
  if (licences?.length === 0 && searches.length > 0) {
    const note = `${nameOf(wanted)}: no search is made, because no photo at Flickr has a licence that the collection allows`;
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

interface ClassSearches {
  readonly searches: readonly Search[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

function searchesOf(wanted: WantedClass): ClassSearches {
  const { entry } = wanted;
  if (entry === undefined) {
    const note = `${nameOf(wanted)} has no line for flickr in the queries file: searched by its name`;
    return { ...searchesIn([{ text: wanted.name }], wanted), notes: [note] };
  }
  if (Array.isArray(entry) && entry.length > 0) return searchesIn(entry, wanted);
  if (entry === null || Array.isArray(entry)) {
    return { searches: [], problems: [], notes: [`${nameOf(wanted)}: its line has no search for flickr`] };
  }
  return { searches: [], problems: [misfit(wanted, 'a list of searches', entry)], notes: [] };
}

function searchesIn(items: readonly Json[], wanted: WantedClass): ClassSearches {
  const searches: Search[] = [];
  const problems: string[] = [];
  for (const item of items) {
    const parsed = searchSchema.safeParse(item);
    if (parsed.success) searches.push(parsed.data);
    else problems.push(misfit(wanted, `{text, tags} (${z.prettifyError(parsed.error)})`, item));
  }
  return { searches, problems, notes: [] };
}

function nameOf({ wnid, name }: WantedClass): string {
  return `${wnid} (${name})`;
}

function misfit(wanted: WantedClass, expected: string, received: Json): string {
  const text = shortText(JSON.stringify(received), 120);
  return `Expected ${shortText(expected, 300)} for 'flickr' in the line of ${nameOf(wanted)} but received ${text}`;
}
