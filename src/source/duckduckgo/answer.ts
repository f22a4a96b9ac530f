import * as z from 'zod';
import { RetryLater, SourceBlocked } from '../../kernel/errors.ts';
import { parseRetryAfterMs } from '../../kernel/retry-after.ts';
import { isPassing, quoteBody, tryLater } from '../api-outcome.ts';
import type { ApiResponse } from '../network-source.ts';

/**
 * What DuckDuckGo's answers mean. It has no documented API, and says "blocked" in many ways: by status (202 looks like a
 * success), by a redirect, by a page or script in place of results. Everything that is not plainly an answer or plainly
 * a failure that passes is taken for a block, since going on makes blocks last longer.
 */

export interface AnswerContext {
  /** As messages say it: `a page of image results`. */
  readonly what: string;
  /** Where the request was sent. */
  readonly url: string;
  /** Milliseconds since the epoch, for dates in Retry-After. */
  readonly nowMs: number;
}

/** Statuses of a block (duckduckgo_search 8; 202: n8n-nodes-duckduckgo PR 54). */
const BLOCK_STATUSES: ReadonlySet<number> = new Set([202, 301, 400, 403, 418, 429]);

/** The script and the pages that stand in place of an answer, and what the body of a 403 says. */
const BLOCK_MARKS = /anomalyDetectionBlock|anomaly-modal|anomaly\.js|bots use duckduckgo too|if this error persists/i;

/** A server error that comes as a script. */
const SERVER_ERROR_MARK = /\bis506\b/;

/** Today `4-<digits>`; three parts in older answers. A wrong token gets the address blocked, so nothing else will do. */
const TOKEN = /^\d{1,2}(?:-\d{3,100}){1,3}$/;
const TOKEN_PLACES = [/\bvqd="([^"]*)"/, /\bvqd='([^']*)'/, /\bvqd=([\d-]+)&/];

/**
 * The token (vqd) in a search page, without which no results may be asked for.
 *
 * @throws SourceBlocked for a block, and for a search page that no longer has a token; RetryLater for a failure of the
 *   server and for what is no search page
 */
export function readToken(response: ApiResponse, context: AnswerContext): string {
  expectNoRefusal(response, context);
  const { body } = response;
  for (const place of TOKEN_PLACES) {
    const token = place.exec(body)?.[1];
    if (token !== undefined && TOKEN.test(token)) return token;
  }
  expectNoStandIn(response, context);
  const message = `${received(response, context)} without a token (vqd), and nothing is asked for without one`;
  // The title of a search page: the next one would have none either, so that waiting does not help.
  if (/<title>[^<]* at DuckDuckGo<\/title>/i.test(body)) {
    throw new SourceBlocked(`${message}; DuckDuckGo has changed its pages, or keeps the token from us`, {
      code: 'duckduckgo-no-token',
    });
  }
  throw new RetryLater(message, { code: 'duckduckgo-no-token' });
}

const resultsSchema = z.object({
  results: z.array(z.unknown()),
  /** Where the next page is, relative and without the token; there even when there is nothing more. */
  next: z.string().optional().catch(undefined),
});
export type ResultsAnswer = Readonly<z.output<typeof resultsSchema>>;

/** A page of results (i.js); they are looked at one by one. Throws as `readToken` does. */
export function readResults(response: ApiResponse, context: AnswerContext): ResultsAnswer {
  expectNoRefusal(response, context);
  const answer = resultsSchema.safeParse(jsonOf(response.body));
  if (answer.success) return answer.data;
  expectNoStandIn(response, context);
  throw new RetryLater(received(response, context), { code: 'duckduckgo-unusable-answer' });
}

/** Refuses answers that are blocks by their status or by their final address. */
function expectNoRefusal(response: ApiResponse, context: AnswerContext): void {
  const { status, url } = response;
  const isRedirected = isElsewhere(url, context.url);
  if (BLOCK_STATUSES.has(status) || (status < 500 && isRedirected)) throw blocked(response, context);
  if (isPassing(status)) throw tryLater(response, 'DuckDuckGo', context.nowMs);
  if (status !== 200) throw blocked(response, context);
}

/** Refuses blocks and errors that come in place of an answer. Do not call it for real answers: their text may contain the marks. */
function expectNoStandIn(response: ApiResponse, context: AnswerContext): void {
  if (BLOCK_MARKS.test(response.body)) throw blocked(response, context);
  if (SERVER_ERROR_MARK.test(response.body)) throw new RetryLater(received(response, context), { code: 'http-5xx' });
}

/** Whether a refusal may mean no more than that the token has run out: it leads nowhere and asks for no pause. */
export function isTokenRefused({ status, url, headers }: ApiResponse, sentUrl: string): boolean {
  return status === 403 && !isElsewhere(url, sentUrl) && headers['retry-after'] === undefined;
}

/** Whether a redirect led to another page or site, such as /418.htm. */
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
    `${received(response, context)}${asked}; DuckDuckGo takes us for a robot, and lets go after an hour or so without requests`,
    { code: 'duckduckgo-blocked' },
  );
}

function received({ status, body, url }: ApiResponse, { what, url: sentUrl }: AnswerContext): string {
  const where = isElsewhere(url, sentUrl) ? ` at ${shownUrl(url)}` : '';
  return `Expected ${what} from DuckDuckGo but received HTTP ${status}${where} with ${quoteBody(body)}`;
}

/** A URL without its query, which contains the phrase and the token. */
function shownUrl(url: string): string {
  return url.replace(/[?#].*$/s, '').slice(0, 200);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
