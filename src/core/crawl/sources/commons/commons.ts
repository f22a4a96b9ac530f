import * as z from 'zod';
import type { Config } from '../../../config/settings.ts';
import type { Json, NetworkSource } from '../network-source.ts';
import { misfitPhoto, type FoundPhoto } from '../source.ts';
import { pictureId } from '../picture-address.ts';
import { shortText } from '../text.ts';
import { continueSchema, readSearch, type FilePage, type SearchAnswer } from './answer.ts';
import { commonsPhoto } from './photo.ts';
import { COMMONS, paramsSchema, planSearches } from './plan.ts';
import { METADATA_FIELDS } from './rights.ts';

export type CommonsSettings = Pick<Config['sources']['commons'], 'url' | 'width' | 'acceptPd' | 'drawingWords'>;

/** More scaled pictures are not made for one answer. */
const PER_PAGE = 50;
/** The search lists no more results. */
const MOST_RESULTS = 10_000;
/** The day on which Commons began. */
const FIRST_DAY = '2004-09-07';

/** Days of upload, such as 2026-12-02, inclusive. */
const windowSchema = z.object({ from: z.string(), to: z.string() });
type UploadWindow = Readonly<z.output<typeof windowSchema>>;

const cursorSchema = z.object({
  windows: z.tuple([windowSchema], windowSchema),
  /** All that the last answer asked to send back. */
  continue: continueSchema,
  /** Page ids of this page of results whose pictures came with an earlier answer. */
  answered: z.array(z.int()),
  /** The day on which the walk began. */
  until: z.string(),
});
type Cursor = Readonly<z.output<typeof cursorSchema>>;

/** The cursor of a search that is made again: the last walk began on this day. */
const resumeSchema = z.object({ after: z.string() });

/** Wikimedia Commons through the search of its API (https://www.mediawiki.org/wiki/API:Search), the newest uploads first. */
export function commonsSource(settings: CommonsSettings): NetworkSource {
  return {
    name: COMMONS,
    plan: (wanted) => Promise.resolve(planSearches(wanted)),
    async nextPage(query, cursor, api) {
      const { wnid, search } = paramsSchema.parse(query.params);
      const at = cursorOf(cursor, query.since ?? FIRST_DAY, dayOf(api.nowMs()));
      const answer = readSearch(await api.send({ url: searchUrl(settings, search, at) }), api.nowMs());
      // A page of results may come over several answers. Each picture comes with one of them.
      const due = (answer?.files ?? []).filter(
        ({ pageid, imageinfo }) =>
          imageinfo !== undefined || (answer?.batchcomplete === true && !at.answered.includes(pageid)),
      );
      return {
        photos: [
          ...due.map((file) => commonsPhoto(file, { ...settings, wnid })),
          ...(answer?.misfits ?? []).map((result) => misfitOf(result, wnid)),
        ],
        next: nextCursor(at, answer, due),
        resume: { after: at.until },
        total: null,
      };
    },
  };
}

function cursorOf(cursor: Json, after: string, until: string): Cursor {
  const again = resumeSchema.safeParse(cursor ?? { after }).data;
  if (again === undefined) return cursorSchema.parse(cursor);
  return { windows: [{ from: again.after, to: until }], continue: {}, answered: [], until };
}

function misfitOf(result: unknown, wnid: string): FoundPhoto {
  const text = JSON.stringify(result);
  const detail = `expected a page with an id and a title but received ${shortText(text, 200)}`;
  return misfitPhoto({ source: COMMONS, sourceId: `no-file-${pictureId(text)}`, label: wnid, detail });
}

/**
 * Null at the end. A window with more results than the search lists is cut into two, the newer first, which list its first results
 * again. The rest of a single day cannot be listed.
 */
function nextCursor(at: Cursor, answer: SearchAnswer | null, due: readonly FilePage[]): Json {
  const rest = at.windows.slice(1);
  const sendBack = answer?.continue;
  if (sendBack !== undefined && answer?.batchcomplete === false)
    return { ...at, continue: sendBack, answered: [...at.answered, ...due.map(({ pageid }) => pageid)] };
  const isCapped = answer === null || Number(at.continue['gsroffset'] ?? 0) + PER_PAGE >= MOST_RESULTS;
  if (sendBack !== undefined && !isCapped) return { ...at, continue: sendBack, answered: [] };
  const windows = isCapped ? [...halvesOf(at.windows[0]), ...rest] : rest;
  return windows.length === 0 ? null : { ...at, windows, continue: {}, answered: [] };
}

function halvesOf({ from, to }: UploadWindow): UploadWindow[] {
  if (from >= to) return [];
  const middleMs = (Date.parse(from) + Date.parse(to)) / 2;
  return [
    { from: dayOf(middleMs + 86_400_000), to },
    { from, to: dayOf(middleMs) },
  ];
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function searchUrl({ url: endpoint, width }: CommonsSettings, search: string, at: Cursor): string {
  const [{ from, to }] = at.windows;
  const values: Readonly<Record<string, string>> = {
    action: 'query',
    format: 'json',
    formatversion: '2',
    maxlag: '5',
    generator: 'search',
    gsrnamespace: '6',
    gsrlimit: String(PER_PAGE),
    // Newest first, because older photos are more likely to be in the training data of models.
    gsrsort: 'create_timestamp_desc',
    gsrsearch: `${search} filetype:bitmap creationdate:>=${from} creationdate:<=${to}`,
    prop: 'imageinfo',
    iiprop: 'url|size|mime|sha1|timestamp|extmetadata',
    iiurlwidth: String(width),
    iiextmetadatalanguage: 'en',
    iiextmetadatafilter: METADATA_FIELDS,
  };
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries({ ...values, ...at.continue })) url.searchParams.set(name, String(value));
  return url.href;
}
