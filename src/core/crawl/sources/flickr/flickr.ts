import type { Config } from '../../../config/settings.ts';
import * as z from 'zod';
import { GiveUpOnItem } from '../../../kernel/errors.ts';
import type { ApiResponse, Json, NetworkSource, ResultPage } from '../network-source.ts';
import { FLICKR_LICENCE_IDS, licenceFilter } from './licences.ts';
import { readSearch, type SearchAnswer } from './parse.ts';
import { EXTRAS, FLICKR, flickrCandidate, flickrMisfit } from './photo.ts';
import { paramsSchema, planSearches, type SearchParams } from './plan.ts';
import {
  FIRST_UPLOAD_S,
  MOST_PER_WINDOW,
  MOST_RESULTS,
  splitWindow,
  windowSchema,
  type UploadWindow,
} from './windows.ts';

export interface FlickrSettings extends Pick<Config['sources']['flickr'], 'url' | 'mediaUrl' | 'maxSidePixels'> {
  readonly apiKey: string;
  /** Passed on to the search, so that photos that would be refused are not even listed. */
  readonly licences: 'any' | readonly string[];
}

const PER_PAGE = 500;

const cursorSchema = z.object({
  windows: z.tuple([windowSchema], windowSchema),
  page: z.int().positive(),
  /** The end of the newest window. Optional; defaults to that of the query, as in the first walk. */
  until: z.int().optional(),
});
type Cursor = Readonly<z.output<typeof cursorSchema>>;

/** The cursor of a search that is made again: the last walk listed uploads up to this time, in Unix seconds, inclusive. */
const resumeSchema = z.object({ after: z.int() });

/**
 * Flickr through flickr.photos.search (https://www.flickr.com/services/api/flickr.photos.search.html), by text and tags, in
 * windows of upload dates, the newest first. Each page is one request. If a page shows that its window must be split, the
 * page is still used, and the parts list its photos again.
 */
export function flickrSource(settings: FlickrSettings): NetworkSource {
  const licences = licenceFilter(settings.licences);
  return {
    name: FLICKR,
    apiKey: settings.apiKey,
    plan: (wanted, api) => Promise.resolve(planSearches(wanted, { licences, nowMs: api.nowMs() })),
    async nextPage(query, cursor, api) {
      const params = paramsSchema.parse(query.params);
      const first = query.since == null ? null : { after: Date.parse(query.since) / 1000 - 1 };
      const at = cursorOf(cursor ?? first, params, api.nowMs());
      const until = at.until ?? params.until;
      const headers = { accept: 'application/json' };
      const response = await api.send({ url: searchUrl(settings, params, at), headers });
      const answer = readSearch(withoutKey(response, settings.apiKey), { page: at.page, nowMs: api.nowMs() });
      const context = { wnid: params.wnid, maxSidePixels: settings.maxSidePixels, mediaUrl: settings.mediaUrl };
      return {
        photos: [
          ...answer.photos.map((photo) => flickrCandidate(photo, context)),
          ...answer.misfits.map((result) => flickrMisfit(result, context)),
        ],
        next: nextCursor(at, answer, params.licences ?? FLICKR_LICENCE_IDS),
        resume: { after: until },
        total: cursor === null ? answer.total : null,
      } satisfies ResultPage;
    },
  };
}

function cursorOf(cursor: Json | null, { until }: SearchParams, nowMs: number): Cursor {
  if (cursor === null) return { windows: [{ from: FIRST_UPLOAD_S, to: until, licence: null }], page: 1 };
  const again = resumeSchema.safeParse(cursor);
  if (!again.success) return cursorSchema.parse(cursor);
  const from = again.data.after + 1;
  const to = Math.max(from, Math.floor(nowMs / 1000));
  return { windows: [{ from, to, licence: null }], page: 1, until: to };
}

/** Removes the API key from an answer: error pages may repeat the requested address, and our errors quote them. */
function withoutKey(response: ApiResponse, apiKey: string): ApiResponse {
  return apiKey.length < 8 ? response : { ...response, body: response.body.replaceAll(apiKey, '[api_key]') };
}

/**
 * Null at the end. A window's reported total may be lower than its real number of photos. So pages are read as long as they
 * are full, and a window that reaches the cap is split then.
 */
function nextCursor(at: Cursor, answer: SearchAnswer, licences: readonly number[]): Json {
  const [window, ...rest] = at.windows;
  const perPage = Math.min(answer.perPage ?? PER_PAGE, PER_PAGE);
  const isCapped = (at.page + 1) * perPage > MOST_RESULTS;
  const hasMore = goesOn(at.page, answer, perPage);
  if ((at.page === 1 && answer.total > MOST_PER_WINDOW) || (isCapped && hasMore)) {
    const parts = splitWindow(window, Math.max(answer.total, MOST_RESULTS), licences);
    if (parts !== null) {
      expectDatesToCount(window, answer);
      return stored([...parts, ...rest], 1, at.until);
    }
  }
  return hasMore && !isCapped ? stored([window, ...rest], at.page + 1, at.until) : stored(rest, 1, at.until);
}

/** True if another page of the window may have photos. For a page past the end, Flickr sometimes answers with another page. */
function goesOn(page: number, answer: SearchAnswer, perPage: number): boolean {
  const results = answer.photos.length + answer.misfits.length;
  if (results === 0 || (answer.page !== null && answer.page !== page)) return false;
  return page < answer.pages || results >= perPage;
}

function stored(windows: readonly UploadWindow[], page: number, until: number | undefined): Json {
  if (windows.length === 0) return null;
  return { windows: windows.map((window) => ({ ...window })), page, ...(until === undefined ? {} : { until }) };
}

/** Checks that the search obeys dates. If it ignored them, windows would be split forever. */
function expectDatesToCount({ from, to }: UploadWindow, { photos }: SearchAnswer): void {
  const dates = photos.flatMap(({ dateupload }) => (dateupload === undefined ? [] : [dateupload]));
  if (dates.length === 0 || dates.some((date) => date >= from && date <= to)) return;
  throw new GiveUpOnItem(
    `Expected photos uploaded from ${shownDate(from)} to ${shownDate(to)} from Flickr but received ones of ${shownDate(dates[0])}; a search that ignores dates cannot be walked beyond ${MOST_RESULTS} results`,
    { code: 'flickr-dates-ignored' },
  );
}

function shownDate(seconds: number | undefined): string {
  return seconds === undefined || seconds > 8.64e12 ? String(seconds) : new Date(seconds * 1000).toISOString();
}

function searchUrl(
  { url: endpoint, apiKey }: FlickrSettings,
  { text, tags, licences }: SearchParams,
  at: Cursor,
): string {
  const [window] = at.windows;
  const ids = window.licence === null ? licences : [window.licence];
  const values: Readonly<Record<string, string | null>> = {
    method: 'flickr.photos.search',
    api_key: apiKey,
    format: 'json',
    nojsoncallback: '1',
    text: text === '' ? null : text,
    tags: tags.length === 0 ? null : tags.join(','),
    tag_mode: tags.length === 0 ? null : 'any',
    license: ids === null ? null : ids.join(','),
    min_upload_date: String(window.from),
    max_upload_date: String(window.to),
    // Newest first, because older photos are more likely to be in the training data of models.
    sort: 'date-posted-desc',
    media: 'photos',
    content_type: '1',
    safe_search: '1',
    extras: EXTRAS,
    per_page: String(PER_PAGE),
    page: String(at.page),
  };
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(values)) if (value !== null) url.searchParams.set(name, value);
  return url.href;
}
