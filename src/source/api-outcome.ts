import { RetryLater } from '../kernel/errors.ts';
import type { ApiResponse } from './network-source.ts';
import { shortText } from './text.ts';

/** How much of an unexpected body a message quotes. */
const QUOTED_CHARACTERS = 200;

/** The beginning of a body, in quotes and on one line. */
export function quoteBody(body: string): string {
  return `'${shortText(body, QUOTED_CHARACTERS)}'`;
}

/** RFC 9110, 5.6.7: the three forms of an HTTP date. */
const IMF_FIXDATE_OR_RFC_850 = /^(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?, .* GMT$/i;
const ASCTIME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/i;

/**
 * The wait that a `Retry-After` header asks for, in milliseconds: whole seconds or an HTTP date (RFC 9110, 10.2.3).
 * Null if there is none or it is neither; never negative, unbounded above.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, nowMs: number): number | null {
  const text = headers['retry-after']?.trim() ?? '';
  if (/^\d{1,15}$/.test(text)) return Number(text) * 1000;
  const atMs = parseHttpDate(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** `Date.parse` alone would find dates in any text ("-1", "5.5") and take the asctime form for local time. */
function parseHttpDate(text: string): number {
  if (IMF_FIXDATE_OR_RFC_850.test(text)) return Date.parse(text);
  return ASCTIME.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
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
    retryAfterMs: retryAfterMs(headers, nowMs),
  });
}
