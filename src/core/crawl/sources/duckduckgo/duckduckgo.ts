import type { Config } from '../../../config/settings.ts';
import * as z from 'zod';
import { sha256Of } from '../../../tools/sha256.ts';
import type {
  ApiResponse,
  Json,
  NetworkSource,
  ResultPage,
  PlanResult,
  SourceApi,
  WantedClass,
} from '../network-source.ts';
import { isTokenRefused, readResults, readToken, type ResultsAnswer } from './answer.ts';
import type { Wnid } from '../../../kernel/ids.ts';
import { misfitPhoto, NO_RIGHTS, type FoundPhoto } from '../source.ts';
import { pageAddress, pictureAddress, pictureId } from '../picture-address.ts';
import { shortText, storableText } from '../text.ts';
import { itemsOf, lineProblem, classText } from '../class-line.ts';

export interface DuckduckgoSettings extends Pick<
  Config['sources']['duckduckgo'],
  'url' | 'maxPages' | 'safeSearch' | 'region'
> {
  /** The User-Agent that the API sends. A token that one User-Agent received is not used with another. */
  readonly userAgent: string;
}

/** SearXNG keeps a token for as long. */
const TOKEN_LIFE_MS = 3_600_000;

const paramsSchema = z.object({ wnid: z.string(), phrase: z.string(), safeSearch: z.boolean(), region: z.string() });
type Params = Readonly<z.output<typeof paramsSchema>>;

const tokenSchema = z.object({
  vqd: z.string(),
  givenAtMs: z.number(),
  agent: z.string(),
});
type Token = Readonly<z.output<typeof tokenSchema>>;

const cursorSchema = z.object({
  pages: z.int().nonnegative(),
  offset: z.int().nonnegative(),
  token: tokenSchema.nullable(),
});
type Cursor = Readonly<z.output<typeof cursorSchema>>;

const START: Cursor = { pages: 0, offset: 0, token: null };

/**
 * DuckDuckGo's image search, used as its own page uses it. A search page gives a token (vqd), which belongs to the query and
 * the User-Agent. The results are requested with it, in pages of 100. The cursor contains it, so most pages need one request.
 *
 * After a block no further request is sent, with one exception: if the token came from an earlier page and gets a 403, it may
 * have expired, so the request is tried once with a new token.
 */
export function duckduckgoSource(settings: DuckduckgoSettings): NetworkSource {
  return {
    name: DUCKDUCKGO,
    plan: (wanted) => Promise.resolve(plan(wanted, settings)),
    async nextPage(query, cursor, api) {
      const params = paramsSchema.parse(query.params);
      const at = cursor === null ? START : cursorSchema.parse(cursor);
      const site = `${settings.url.replace(/\/+$/, '')}/`;
      const { answer, token } = await pageAt(at, { settings, params, api, site });
      return {
        photos: answer.results.map((result) => duckduckgoCandidate(result, params.wnid)),
        next: nextCursor(at, { answer, token, maxPages: settings.maxPages }),
        total: null,
      } satisfies ResultPage;
    },
  };
}

function plan(wanted: WantedClass, { safeSearch, region }: DuckduckgoSettings): PlanResult {
  const { phrases, problems, notes } = phrasesOf(wanted);
  const queries = phrases.map((phrase) => ({
    // The key contains everything that decides the results. Other settings make another search with its own cursor.
    key: JSON.stringify([phrase, region, safeSearch]),
    title: `"${phrase}"`,
    params: { wnid: wanted.wnid, phrase, safeSearch, region } satisfies Params,
  }));
  return { queries, problems, notes };
}

interface Taken {
  readonly answer: ResultsAnswer;
  readonly token: Token;
  readonly maxPages: number;
}

/** Null at the end: after an empty page (even if it names a next one), without a next page, or after the most pages wanted. */
function nextCursor({ pages, offset }: Cursor, { answer, token, maxPages }: Taken): Json {
  const next = answer.next === undefined ? null : offsetIn(answer.next);
  if (answer.results.length === 0 || next === null || next <= offset || pages + 1 >= maxPages) return null;
  return { pages: pages + 1, offset: next, token: { ...token } };
}

/** Reads only the offset. We build the rest of the address ourselves, above all its host. */
function offsetIn(next: string): number | null {
  const text = new URLSearchParams(next.slice(next.indexOf('?') + 1)).get('s') ?? '';
  return /^\d{1,6}$/.test(text) ? Number(text) : null;
}

interface Search {
  readonly settings: DuckduckgoSettings;
  readonly params: Params;
  readonly api: SourceApi;
  readonly site: string;
}

async function pageAt({ offset, token }: Cursor, search: Search): Promise<Omit<Taken, 'maxPages'>> {
  if (token !== null && isGood(token, search)) {
    const response = await requestResults(search, token, offset);
    if (!isTokenRefused(response, resultsUrl(search))) return { answer: read(response, search), token };
  }
  const fresh = await requestToken(search);
  return { answer: read(await requestResults(search, fresh, offset), search), token: fresh };
}

function isGood({ givenAtMs, agent }: Token, { settings, api }: Search): boolean {
  const ageMs = api.nowMs() - givenAtMs;
  return ageMs >= 0 && ageMs <= TOKEN_LIFE_MS && agent === agentOf(settings);
}

/** A hash of the User-Agent, which may contain the user's address. */
function agentOf({ userAgent }: DuckduckgoSettings): string {
  return sha256Of(userAgent).slice(0, 16);
}

async function requestToken(search: Search): Promise<Token> {
  const { settings, params, api, site } = search;
  const query = new URLSearchParams({ q: params.phrase, iar: 'images', t: 'h_' });
  const response = await send(search, `${site}?${query.toString()}`, {
    accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
    'sec-fetch-dest': 'document',
    'sec-fetch-mode': 'navigate',
  });
  const vqd = readToken(response, { what: 'a search page', url: site, nowMs: api.nowMs() });
  return { vqd, givenAtMs: api.nowMs(), agent: agentOf(settings) };
}

function requestResults(search: Search, { vqd }: Token, offset: number): Promise<ApiResponse> {
  const { phrase, safeSearch, region } = search.params;
  const query = new URLSearchParams({
    o: 'json',
    q: phrase,
    l: region,
    vqd,
    p: safeSearch ? '1' : '-1',
    // Six unused filters: time, size, colour, type, layout and licence.
    f: ',,,,,',
  });
  if (offset > 0) query.set('s', String(offset));
  const headers = { accept: '*/*', 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' };
  return send(search, `${resultsUrl(search)}?${query.toString()}`, headers);
}

const resultsUrl = ({ site }: Search): string => `${site}i.js`;

function send({ api, site }: Search, url: string, headers: Readonly<Record<string, string>>): Promise<ApiResponse> {
  return api.send({ url, headers: { ...headers, 'sec-fetch-site': 'same-origin', referer: site } });
}

function read(response: ApiResponse, search: Search): ResultsAnswer {
  const context = { what: 'a page of image results', url: resultsUrl(search), nowMs: search.api.nowMs() };
  return readResults(response, context);
}

const DUCKDUCKGO = 'duckduckgo';

/** Other keys of a result are only for display (title, thumbnail, image_token, ...). */
const resultSchema = z.object({ image: z.string(), url: z.string().optional().catch(undefined) });

/** Results state no licence and no author. The licence filter of the search is a guess of Bing's and proves nothing. */
function duckduckgoCandidate(result: unknown, wnid: Wnid): FoundPhoto {
  const parsed = resultSchema.safeParse(result).data;
  if (parsed !== undefined) {
    const rights = { ...NO_RIGHTS, pageUrl: pageAddress(parsed.url ?? '') };
    return { source: DUCKDUCKGO, label: wnid, ...pictureAddress(parsed.image), ...rights };
  }
  const text = JSON.stringify(result);
  const detail = `expected a result with the address of an image but received ${shortText(text, 200)}`;
  return misfitPhoto({ source: DUCKDUCKGO, sourceId: pictureId(text), label: wnid, detail });
}

/** DuckDuckGo accepts queries of fewer than 500 characters. */
const LONGEST_PHRASE = 499;

/** The phrases of the class's line, or its name if it has no line. Invalid phrases become problems. */
export function phrasesOf(wanted: WantedClass): { phrases: string[]; problems: string[]; notes: string[] } {
  const line = itemsOf(wanted, DUCKDUCKGO, { noun: ['phrase', 'phrases'], byName: wanted.name });
  const phrases = new Set<string>();
  const problems = [...line.problems];
  const notes = [...line.notes];
  for (const item of line.items) {
    const given = oneLine(z.string().safeParse(item).data ?? '');
    const phrase = withoutBangs(given);
    const expected = phrase === '' ? 'a phrase with a word in it' : `a phrase of at most ${LONGEST_PHRASE} characters`;
    if (phrase === '' || phrase.length > LONGEST_PHRASE) {
      problems.push(lineProblem(wanted, DUCKDUCKGO, { expected, received: item }));
      continue;
    }
    if (phrase !== given)
      notes.push(
        `${classText(wanted)}: '${given}' is searched for as '${phrase}', because '!' or '\\' at a word sends the search to another site`,
      );
    phrases.add(phrase);
  }
  return { phrases: [...phrases], problems, notes };
}

/** A word with `!` before or after it, or `\` before it, makes DuckDuckGo redirect to another site, which gives no token. */
function withoutBangs(phrase: string): string {
  const words = phrase.split(' ').map((word) => word.replaceAll(/^[!\\]+|!+$/g, ''));
  return words.filter((word) => word !== '').join(' ');
}

function oneLine(text: string): string {
  return storableText(text.replaceAll(/[\s\p{Cc}]+/gu, ' '));
}
