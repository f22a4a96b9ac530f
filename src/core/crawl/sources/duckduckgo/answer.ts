import * as z from 'zod';
import { RetryLater, SourceBlocked } from '../../../kernel/errors.ts';
import { jsonOf } from '../../../kernel/json.ts';
import { parseRetryAfterMs } from '../../../kernel/retry-after.ts';
import { isPassing, quoteBody, tryLater } from '../api-outcome.ts';
import type { ApiResponse } from '../network-source.ts';
import { shownAddress } from '../picture-address.ts';

/**
 * Interprets DuckDuckGo's answers. It has no documented API, and signals a block in many ways: by a status (202 looks like a
 * success), by a redirect, or by a page or script instead of results. Any answer that is not clearly a result or a temporary
 * failure counts as a block, because further requests make blocks last longer.
 */

export interface AnswerContext {
  readonly what: string;
  readonly url: string;
  readonly nowMs: number;
}

/** Statuses that signal a block (duckduckgo_search 8; 202: n8n-nodes-duckduckgo PR 54). */
const BLOCK_STATUSES: ReadonlySet<number> = new Set([202, 301, 400, 403, 418, 429]);

/** Marks of the script and the pages that come instead of an answer, and the text in the body of a 403. */
const BLOCK_MARKS =
  /anomalyDetectionBlock|anomaly-modal|anomaly\.js|challenge-form|bots use duckduckgo too|if this error persists/i;

const SERVER_ERROR_MARK = /\bis506\b/;

/** Today `4-<digits>`. Older answers have three parts. A wrong token gets our address blocked, so no other form is accepted. */
const TOKEN = /^\d{1,2}(?:-\d{3,100}){1,3}$/;
const TOKEN_PLACES = [/\bvqd="([^"]*)"/, /\bvqd='([^']*)'/, /\bvqd=([\d-]+)&/];

/**
 * @throws SourceBlocked for a block, and for a search page without a token; RetryLater for a server failure and for a page
 *   that is not a search page
 */
export function readToken(response: ApiResponse, context: AnswerContext): string {
  expectNoRefusal(response, context);
  const { body } = response;
  for (const place of TOKEN_PLACES) {
    const token = place.exec(body)?.[1];
    if (token !== undefined && TOKEN.test(token)) return token;
  }
  expectNoStandIn(response, context);
  const message = `${received(response, context)} without a token (vqd), which every search needs`;
  // The title of a search page. Its next request would have no token either, so waiting does not help.
  if (/<title>[^<]* at DuckDuckGo<\/title>/i.test(body)) {
    throw new SourceBlocked(`${message}; DuckDuckGo has changed its pages or withholds the token`, {
      code: 'duckduckgo-no-token',
    });
  }
  throw new RetryLater(message, { code: 'duckduckgo-no-token' });
}

const resultsSchema = z.object({
  results: z.array(z.unknown()),
  /** The relative address of the next page, without the token. It is present even after the last page. */
  next: z.string().optional().catch(undefined),
});
export type ResultsAnswer = Readonly<z.output<typeof resultsSchema>>;

/** Reads a page of results (i.js), which the caller checks one by one. Throws as `readToken` does. */
export function readResults(response: ApiResponse, context: AnswerContext): ResultsAnswer {
  expectNoRefusal(response, context);
  const answer = resultsSchema.safeParse(jsonOf(response.body));
  if (answer.success) return answer.data;
  expectNoStandIn(response, context);
  throw new RetryLater(received(response, context), { code: 'duckduckgo-unusable-answer' });
}

function expectNoRefusal(response: ApiResponse, context: AnswerContext): void {
  const { status, url } = response;
  const isRedirected = isElsewhere(url, context.url);
  if (BLOCK_STATUSES.has(status) || (status < 500 && isRedirected)) throw blocked(response, context);
  if (isPassing(status)) throw tryLater(response, 'DuckDuckGo', context.nowMs);
  if (status !== 200) throw blocked(response, context);
}

/** Do not call it for real answers: their text may contain the marks. */
function expectNoStandIn(response: ApiResponse, context: AnswerContext): void {
  if (BLOCK_MARKS.test(response.body)) throw blocked(response, context);
  if (SERVER_ERROR_MARK.test(response.body)) throw new RetryLater(received(response, context), { code: 'http-5xx' });
}

/** True if a refusal may only mean that the token has expired: it does not redirect and asks for no pause. */
export function isTokenRefused({ status, url, headers }: ApiResponse, sentUrl: string): boolean {
  return status === 403 && !isElsewhere(url, sentUrl) && headers['retry-after'] === undefined;
}

/** True if a redirect led to another page or site, such as /418.htm. */
function isElsewhere(finalUrl: string, sentUrl: string): boolean {
  const final = URL.parse(finalUrl, sentUrl);
  if (final === null) return false;
  const sent = new URL(sentUrl);
  return final.host !== sent.host || final.pathname !== sent.pathname;
}

function blocked(response: ApiResponse, context: AnswerContext): SourceBlocked {
  const waitMs = parseRetryAfterMs(response.headers['retry-after'], context.nowMs);
  const asked = waitMs === null ? '' : `, which asks to wait ${Math.ceil(waitMs / 1000)} s`;
  return new SourceBlocked(
    `${received(response, context)}${asked}; its protection against bots, which is stricter since 2026, refuses winnow. Send nothing for an hour, or search another source, such as commons`,
    { code: 'duckduckgo-blocked' },
  );
}

function received({ status, body, url }: ApiResponse, { what, url: sentUrl }: AnswerContext): string {
  const where = isElsewhere(url, sentUrl) ? ` at ${shownUrl(url)}` : '';
  return `Expected ${what} from DuckDuckGo but received HTTP ${status}${where} with ${quoteBody(body)}`;
}

function shownUrl(url: string): string {
  return shownAddress(url.replace(/[?#].*$/s, '')).slice(0, 200);
}
