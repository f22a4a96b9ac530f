import { RetryLater } from '../../kernel/errors.ts';
import { parseRetryAfterMs } from '../../kernel/retry-after.ts';
import type { ApiResponse } from './network-source.ts';
import { shortText } from './text.ts';

/** How many characters of an unexpected body a message quotes. */
const QUOTED_CHARACTERS = 200;

/** Quotes the beginning of a body on one line. */
export function quoteBody(body: string): string {
  return `'${shortText(body, QUOTED_CHARACTERS)}'`;
}

/** 408 Request Timeout, 425 Too Early and 429 are temporary, as server errors are. The request itself is fine. */
const PASSING_4XX: ReadonlySet<number> = new Set([408, 425, 429]);

/** True if a status is temporary: too many requests, or a server error. */
export function isPassing(status: number): boolean {
  return status >= 500 || PASSING_4XX.has(status);
}

/** The error for an answer with a temporary status. */
export function tryLater(response: ApiResponse, site: string, nowMs: number): RetryLater {
  const { status, body, headers } = response;
  return new RetryLater(`Expected an answer from ${site} but received HTTP ${status} with ${quoteBody(body)}`, {
    code: status === 429 ? 'rate-limited' : status >= 500 ? 'http-5xx' : 'http-4xx',
    retryAfterMs: parseRetryAfterMs(headers['retry-after'], nowMs),
  });
}
