import { RetryLater } from '../../kernel/errors.ts';
import { parseRetryAfterMs } from '../../kernel/retry-after.ts';
import type { ApiResponse } from './network-source.ts';
import { shortText } from './text.ts';

const QUOTED_CHARACTERS = 200;

export function quoteBody(body: string): string {
  return `'${shortText(body, QUOTED_CHARACTERS)}'`;
}

/** 408 Request Timeout, 425 Too Early and 429 are temporary, as server errors are. The request itself is fine. */
const PASSING_4XX: ReadonlySet<number> = new Set([408, 425, 429]);

export function isPassing(status: number): boolean {
  return status >= 500 || PASSING_4XX.has(status);
}

export function tryLater(response: ApiResponse, site: string, nowMs: number): RetryLater {
  const { status, body, headers } = response;
  return new RetryLater(`Expected an answer from ${site} but received HTTP ${status} with ${quoteBody(body)}`, {
    code: status === 429 ? 'rate-limited' : status >= 500 ? 'http-5xx' : 'http-4xx',
    retryAfterMs: parseRetryAfterMs(headers['retry-after'], nowMs),
  });
}
