import * as z from 'zod';
import { GiveUpOnItem } from '../../../kernel/errors.ts';
import type { ApiResponse, Json, NetworkSource, ResultPage } from '../network-source.ts';
import { FLICKR_LICENCE_IDS, licenceFilter } from './licences.ts';
import { readSearch, type SearchAnswer } from './parse.ts';
import { EXTRAS, FLICKR, flickrCandidate, flickrMisfit } from './photo.ts';
import { paramsSchema, planSearches, type SearchParams } from './plan.ts';
import { FIRST_UPLOAD_S, MOST_PER_WINDOW, MOST_RESULTS, splitWindow, windowSchema, type Window } from './windows.ts';

export interface FlickrSettings {
  readonly url: string;
  readonly apiKey: string;
  /** Address to fetch pictures from instead of https://live.staticflickr.com. Null to use the addresses in the answers. */
  readonly mediaUrl: string | null;
  /** The largest size to take, by its longer side in pixels. */
  readonly maxSidePixels: number;
  /** Passed on to the search, so that photos that would be refused are not even listed. */
  readonly licences: 'any' | readonly string[];
}

const PER_PAGE = 500;

const cursorSchema = z.object({
  windows: z.tuple([windowSchema], windowSchema),
  page: z.int().positive(),
});
type Cursor = Readonly<z.output<typeof cursorSchema>>;

/**
 * Flickr through flickr.photos.search (https://www.flickr.com/services/api/flickr.photos.search.html), by text and tags, in
 * windows of upload dates, the newest first. Each page is one request. If a page shows that its window must be split, the
 * page is still used, and the parts list its photos again.
 */
export function flickrSource(settings: FlickrSettings): NetworkSource {
  const licences = licenceFilter(settings.licences);
  return {
    name: FLICKR,
    plan: (wanted, api) => Promise.resolve(planSearches(wanted, { licences, nowMs: api.nowMs() })),
    async nextPage(query, cursor, api) {
      const params = paramsSchema.parse(query.params);
      const at = cursor === null ? startOf(params) : cursorSchema.parse(cursor);
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
        total: cursor === null ? answer.total : null,
      } satisfies ResultPage;
    },
  };
}

function startOf({ until }: SearchParams): Cursor {
  return { windows: [{ from: FIRST_UPLOAD_S, to: until, licence: null }], page: 1 };
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
      return cursorOf([...parts, ...rest], 1);
    }
  }
  return hasMore && !isCapped ? cursorOf([window, ...rest], at.page + 1) : cursorOf(rest, 1);
}

/** True if another page of the window may have photos. For a page past the end, Flickr sometimes answers with another page. */
function goesOn(page: number, answer: SearchAnswer, perPage: number): boolean {
  const results = answer.photos.length + answer.misfits.length;
  if (results === 0 || (answer.page !== null && answer.page !== page)) return false;
  return page < answer.pages || results >= perPage;
}

function cursorOf(windows: readonly Window[], page: number): Json {
  return windows.length === 0 ? null : { windows: windows.map((window) => ({ ...window })), page };
}

/** Checks that the search obeys dates. If it ignored them, windows would be split forever. */
function expectDatesToCount({ from, to }: Window, { photos }: SearchAnswer): void {
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
