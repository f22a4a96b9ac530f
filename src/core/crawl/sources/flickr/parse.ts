import * as z from 'zod';
import { GiveUpOnItem, RetryLater, SourceBlocked, type WinnowError } from '../../../kernel/errors.ts';
import { jsonOf } from '../../../kernel/json.ts';
import { isPassing, quoteBody, tryLater } from '../api-outcome.ts';
import type { ApiResponse } from '../network-source.ts';
import { storableText } from '../text.ts';

/** Older answers write numbers as strings ("30") and strings as numbers. */
const wholeSchema = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)]).pipe(z.int().nonnegative());
const textSchema = z.union([z.string(), z.number()]).transform((value) => storableText(String(value)));
/** Keys that may be missing, or have another type in older answers. In both cases they count as missing. */
const optionalText = textSchema.optional().catch(undefined);
const optionalWhole = wholeSchema.optional().catch(undefined);

/** A result. It also has a `url_*` key for each existing size. */
const photoSchema = z.looseObject({
  id: textSchema.pipe(z.string().min(1).max(100)),
  owner: optionalText,
  ownername: optionalText,
  license: optionalText,
  /** Unix time in seconds. */
  dateupload: optionalWhole,
  datetaken: optionalText,
  /** 0: to the second; 4 to 8: month, year or circa. */
  datetakengranularity: optionalWhole,
  /** 1: it is the date of upload. */
  datetakenunknown: optionalWhole,
});

export type FlickrPhoto = Readonly<z.output<typeof photoSchema>>;

const pageSchema = z.object({
  page: optionalWhole,
  pages: optionalWhole,
  perpage: optionalWhole,
  total: wholeSchema,
  photo: z.array(z.unknown()).optional(),
});

const answerSchema = z.object({
  stat: z.string(),
  code: wholeSchema.catch(-1),
  message: textSchema.catch(''),
  photos: z.unknown().optional(),
});

type Answer = Readonly<z.output<typeof answerSchema>>;

export interface SearchAnswer {
  /** The number of the page in the answer, which may differ from the requested one. Null if the answer does not state it. */
  readonly page: number | null;
  readonly pages: number;
  /** The page size after the site limited it. */
  readonly perPage: number | null;
  /** The size of the whole search. It is not exact. */
  readonly total: number;
  readonly photos: readonly FlickrPhoto[];
  readonly misfits: readonly unknown[];
}

const NO_RESULTS: SearchAnswer = { page: null, pages: 0, perPage: null, total: 0, photos: [], misfits: [] };

/**
 * @throws RetryLater if Flickr is busy or fails, or if there is no answer at all; SourceBlocked `flickr-key` for a key that
 *   is not (or no longer) accepted, and `flickr-blocked` for refusals that apply to every search; GiveUpOnItem `flickr-query`
 *   for a search that Flickr refuses
 */
export function readSearch(response: ApiResponse, { page, nowMs }: { page: number; nowMs: number }): SearchAnswer {
  const { status, body } = response;
  if (isPassing(status)) throw tryLater(response, 'Flickr', nowMs);
  const answer = answerOf(body);
  // "Excessive photo offset": there is no such page. It means the same as an empty page.
  if (answer?.code === 20 && page > 1) return NO_RESULTS;
  if (answer !== null && answer.stat !== 'ok') throw consequenceOf(answer);
  if (status < 400) return parseSearch(answer, body);
  throw new SourceBlocked(
    `Expected an answer from Flickr but received HTTP ${status} with ${quoteBody(body)}; check sources.flickr.url`,
    { code: 'flickr-blocked' },
  );
}

function parseSearch(answer: Answer | null, body: string): SearchAnswer {
  const page = pageSchema.safeParse(answer?.photos).data;
  if (page === undefined) {
    throw new RetryLater(`Expected search results from Flickr but received ${quoteBody(body)}`, {
      code: 'flickr-unparsable',
    });
  }
  if (page.photo === undefined && page.total > 0) {
    throw new RetryLater(`Expected ${page.total} results from Flickr but received none of them: ${quoteBody(body)}`, {
      code: 'flickr-incomplete',
    });
  }
  return searchAnswer(page);
}

function searchAnswer({ page, pages, perpage, total, photo = [] }: z.output<typeof pageSchema>): SearchAnswer {
  const photos: FlickrPhoto[] = [];
  const misfits: unknown[] = [];
  for (const result of photo) {
    const parsed = photoSchema.safeParse(result);
    if (parsed.success) photos.push(parsed.data);
    else misfits.push(result);
  }
  const perPage = perpage === undefined || perpage === 0 ? null : perpage;
  return { page: page ?? null, pages: pages ?? Math.ceil(total / (perPage ?? 1)), perPage, total, photos, misfits };
}

/** Errors come as HTTP 200, sometimes as XML or with a wrong content type. Null if the body is no answer from Flickr. */
function answerOf(body: string): Answer | null {
  return /^\s*</.test(body) ? xmlError(body) : (answerSchema.safeParse(answerJson(body)).data ?? null);
}

function answerJson(body: string): unknown {
  const bare = body.trim().replace(/^jsonFlickrApi\(([\s\S]*)\)\s*;?$/, '$1');
  // Some error bodies have a comma after the last member or after the whole object.
  return jsonOf(bare) ?? jsonOf(bare.replace(/,\s*$/, '').replaceAll(/,(?=\s*[}\]])/g, ''));
}

const XML_ENTITIES: Readonly<Record<string, string>> = { quot: '"', apos: "'", lt: '<', gt: '>', amp: '&' };

/** Parses an error in XML, which Flickr sometimes sends although JSON was requested. Results never come as XML. */
function xmlError(body: string): Answer | null {
  const attributes = /<err\s([^>]*)>/.exec(body)?.[1];
  if (attributes === undefined) return null;
  const code = /\bcode="(\d+)"/.exec(attributes)?.[1];
  const message = /\bmsg="([^"]*)"/.exec(attributes)?.[1] ?? '';
  const text = message.replaceAll(/&(quot|apos|lt|gt|amp);/g, (entity, name: string) => XML_ENTITIES[name] ?? entity);
  return { stat: 'fail', code: code === undefined ? -1 : Number(code), message: storableText(text), photos: null };
}

/** Codes that mean that the service, not the search, is at fault (flickr.photos.search, "Error Codes"; 0 and 201 were observed). */
const TRANSIENT: ReadonlySet<number> = new Set([0, 10, 105, 201]);
/** 98, 99: log-in. 100: an invalid key, or one that has expired. */
const KEY_REFUSED: ReadonlySet<number> = new Set([98, 99, 100]);
/** Unknown format or method, or bad URL: no search can succeed. */
const WRONG_ENDPOINT: ReadonlySet<number> = new Set([111, 112, 116]);

function consequenceOf({ code, message }: Answer): WinnowError {
  const said = `Expected search results from Flickr but received error ${code}: '${message.slice(0, 200)}'`;
  if (TRANSIENT.has(code) || /not currently available/i.test(message))
    return new RetryLater(said, { code: 'flickr-unavailable' });
  if (KEY_REFUSED.has(code)) {
    return new SourceBlocked(
      `${said}; set a working key in sources.flickr.apiKey or FLICKR_API_KEY (keys need a Pro account: https://www.flickr.com/services/apps/create), or search the source commons, which needs no key`,
      { code: 'flickr-key' },
    );
  }
  if (WRONG_ENDPOINT.has(code))
    return new SourceBlocked(`${said}; check sources.flickr.url`, { code: 'flickr-blocked' });
  return new GiveUpOnItem(said, { code: 'flickr-query' });
}
