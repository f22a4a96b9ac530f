/** RFC 9110, 10.2.3: a number of seconds, or an HTTP date in one of three forms, which all begin with a weekday. */
const SECONDS = /^\d{1,15}$/;
const IMF_FIXDATE_OR_RFC_850 = /^(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?, .* GMT$/i;
const ASCTIME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/i;

/** Milliseconds from `nowMs` that a `Retry-After` header asks for, 0 or more. Null if it has neither form. */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  if (SECONDS.test(text)) return Number(text) * 1_000;
  const atMs = parseHttpDate(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}

/** Checks the form first: `Date.parse` alone reads an asctime date as local time, and finds dates in any text ("apples 5"). */
function parseHttpDate(text: string): number {
  if (IMF_FIXDATE_OR_RFC_850.test(text)) return Date.parse(text);
  return ASCTIME.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
