import type { z } from 'zod';
import { GiveUpOnItem, RetryLater, SourceBlocked, type WinnowError } from '../../../kernel/errors.ts';
import { jsonOf } from '../../../kernel/json.ts';
import { parseRetryAfterMs } from '../../../kernel/retry-after.ts';
import { isPassing, quoteBody } from '../api-outcome.ts';
import type { ApiResponse } from '../network-source.ts';
import { shownAddress } from '../picture-address.ts';

/**
 * Parses and checks the JSON that an endpoint of the API answered with.
 *
 * If there is none, it throws an error that says what the runner must do (statuses as in iNaturalistAPI's lib/util.js and
 * lib/inaturalist_api.js). RetryLater, with the server's Retry-After: for 429, maintenance (503) and other server failures.
 * GiveUpOnItem: for a request that the API refuses, including the 403 that means "page x size is over 10,000" and is not a
 * ban. SourceBlocked: for every other 401 or 403, and for pages instead of JSON, which a bot wall sends.
 */
export function readAnswer<Answer>(
  response: ApiResponse,
  schema: z.ZodType<Answer>,
  { nowMs, what }: { readonly nowMs: number; readonly what: string },
): Answer {
  const json = jsonOf(response.body);
  const refusal = refusalOf(response, json, nowMs);
  if (refusal !== null) throw refusal;
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  throw new RetryLater(`${received(response, what)}; ${path.join('.')}: ${message}`, {
    code: 'inaturalist-unusable-answer',
    cause: parsed.error,
  });
}

function refusalOf(response: ApiResponse, json: unknown, nowMs: number): WinnowError | null {
  const status = statusOf(response, json);
  const message = received(response, 'a JSON answer');
  if (status >= 200 && status < 300) return json === undefined ? notJson(response, message) : null;
  if (isPassing(status)) {
    const waitMs = parseRetryAfterMs(response.headers['retry-after'], nowMs);
    const code = status === 429 ? 'inaturalist-rate-limited' : 'inaturalist-unavailable';
    return new RetryLater(message, { code, retryAfterMs: waitMs });
  }
  // Paging with id_above never causes this error. If it counted as a ban, the whole source would stop.
  if (status === 403 && isWindowError(json)) {
    return new GiveUpOnItem(`${message}; request the results after an id (id_above) instead of a page`, {
      code: 'inaturalist-result-window',
    });
  }
  if (json !== undefined && status >= 400 && !BANS.has(status)) {
    return new GiveUpOnItem(message, { code: 'inaturalist-refused' });
  }
  return new SourceBlocked(`${message}; send no requests for a day, and check sources.inaturalist.url`, {
    code: 'inaturalist-blocked',
  });
}

/** Statuses that refuse us, not only the request, whatever the body says. */
const BANS = new Set([401, 403, 418, 451]);

/** The status of an answer. An error object contains its own status, even if a proxy sent it on as 200. */
function statusOf(response: ApiResponse, json: unknown): number {
  if (response.status !== 200 || typeof json !== 'object' || json === null) return response.status;
  const isError = ('error' in json || 'errors' in json) && !('results' in json);
  const own = isError && 'status' in json ? Number(json.status) : Number.NaN;
  return own >= 400 && own < 600 ? own : response.status;
}

function notJson({ body }: ApiResponse, message: string): WinnowError {
  if (/^\s*</.test(body)) {
    return new SourceBlocked(`${message}; a page instead of JSON comes from a bot wall or from the login of a proxy`, {
      code: 'inaturalist-blocked',
    });
  }
  return new RetryLater(message, { code: 'inaturalist-unusable-answer' });
}

/** v1 has the message in `error`, v2 in `errors[0].message`. */
function isWindowError(json: unknown): boolean {
  return json !== undefined && /result window is too large/i.test(JSON.stringify(json));
}

function received({ status, body, url }: ApiResponse, what: string): string {
  return `Expected ${what} from ${shownAddress(url)} but received HTTP ${status} with ${quoteBody(body)}`;
}
