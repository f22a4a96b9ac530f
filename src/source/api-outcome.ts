import { RetryLater } from '../kernel/errors.ts';
import { parseRetryAfterMs } from '../kernel/retry-after.ts';
import type { ApiResponse } from './network-source.ts';
import { shortText } from './text.ts';

/** How much of an unexpected body a message quotes. */
const QUOTED_CHARACTERS = 200;

/** The beginning of a body, in quotes and on one line. */
export function quoteBody(body: string): string {
  return `'${shortText(body, QUOTED_CHARACTERS)}'`;
}

/** 408 Request Timeout and 425 Too Early say as little against the request as 429 and the server's own failures. */
const PASSING_4XX: ReadonlySet<number> = new Set([408, 425, 429]);

/** Whether a status says nothing against what was asked for: too many requests, or a server in trouble. */
export function isPassing(status: number): boolean {
  return status >= 500 || PASSING_4XX.has(status);
}

/** What to make of an answer with such a status. */
export function tryLater(response: ApiResponse, site: string, nowMs: number): RetryLater {
  const { status, body, headers } = response;
  return new RetryLater(`Expected an answer from ${site} but received HTTP ${status} with ${quoteBody(body)}`, {
    code: status === 429 ? 'rate-limited' : status >= 500 ? 'http-5xx' : 'http-4xx',
    retryAfterMs: parseRetryAfterMs(headers['retry-after'], nowMs),
  });
}
