import * as z from 'zod';
import { GiveUpOnItem, RetryLater, SourceBlocked } from '../../../kernel/errors.ts';
import { jsonOf } from '../../../kernel/json.ts';
import { parseRetryAfterMs } from '../../../kernel/retry-after.ts';
import { isPassing, quoteBody, tryLater } from '../api-outcome.ts';
import type { ApiResponse } from '../network-source.ts';
import { RATE_LIMITED_PAUSE_MS } from '../retry-policy.ts';

const fieldSchema = z.object({ value: z.union([z.string(), z.number()]).transform(String) });

/** The fields of the description page, scraped by the extension CommonsMetadata. Without fields it is []. */
const metadataSchema = z
  .record(z.string(), fieldSchema.optional().catch(undefined))
  .catch({})
  .transform((fields) => (name: string) => fields[name]?.value.trim() ?? '');

const infoSchema = z.object({
  url: z.string().min(1),
  thumburl: z.string().min(1).optional(),
  width: z.int().positive(),
  height: z.int().positive(),
  descriptionurl: z.string().catch(''),
  timestamp: z.string().catch(''),
  extmetadata: metadataSchema.default(() => () => ''),
});

const pageSchema = z.object({
  pageid: z.int().positive(),
  title: z.string(),
  /** Absent if another answer has it. Null if it is not as documented, such as that of a missing file. */
  imageinfo: z.tuple([infoSchema], z.unknown()).nullable().catch(null).optional(),
});
export type FilePage = Readonly<z.output<typeof pageSchema>>;
export type FileInfo = Readonly<z.output<typeof infoSchema>>;

export const continueSchema = z.record(z.string(), z.union([z.string(), z.number()]));

const answerSchema = z.object({
  batchcomplete: z.boolean().default(false),
  continue: continueSchema.optional(),
  query: z.object({ pages: z.array(z.unknown()).default([]) }).default({ pages: [] }),
});

export interface SearchAnswer extends Pick<z.output<typeof answerSchema>, 'batchcomplete' | 'continue'> {
  readonly files: readonly FilePage[];
  /** Results that are no pages as documented. */
  readonly misfits: readonly unknown[];
}

const errorSchema = z.object({
  error: z.object({ code: z.string(), info: z.string().catch(''), lag: z.number().optional() }),
});

/** Errors that pass, and the least wait in milliseconds (https://www.mediawiki.org/wiki/API:Etiquette). */
const PASSING: ReadonlyMap<string, number> = new Map([
  ['maxlag', 5_000],
  ['ratelimited', RATE_LIMITED_PAUSE_MS],
  ['cirrussearch-too-busy-error', 5_000],
  ['readonly', 60_000],
]);

/**
 * Errors of the API itself come with HTTP 200.
 *
 * @returns null if the search goes beyond the results that the site lists (10,000)
 * @throws RetryLater if the site is busy or fails; SourceBlocked if it refuses winnow; GiveUpOnItem if it refuses the search
 */
export function readSearch(response: ApiResponse, nowMs: number): SearchAnswer | null {
  const { status, body } = response;
  if (isPassing(status)) throw tryLater(response, 'Wikimedia Commons', nowMs);
  const received = `from Wikimedia Commons but received HTTP ${status} with ${quoteBody(body)}`;
  if (status >= 300)
    throw new SourceBlocked(
      `Expected an answer ${received}; see that crawl.contact reaches you, as its robot policy asks, and check sources.commons.url`,
      { code: 'commons-blocked' },
    );
  const json = jsonOf(body);
  const { data: failure } = errorSchema.safeParse(json);
  if (failure !== undefined) return consequenceOf(failure.error, response, nowMs);
  const { data } = answerSchema.safeParse(json);
  if (data === undefined) throw new RetryLater(`Expected search results ${received}`, { code: 'commons-unparsable' });
  const files: FilePage[] = [];
  const misfits: unknown[] = [];
  for (const page of data.query.pages) {
    const parsed = pageSchema.safeParse(page);
    if (parsed.success) files.push(parsed.data);
    else misfits.push(page);
  }
  return { ...data, batchcomplete: data.batchcomplete || data.continue === undefined, files, misfits };
}

function consequenceOf(
  { code, info, lag = 0 }: z.output<typeof errorSchema>['error'],
  { headers }: ApiResponse,
  nowMs: number,
): null {
  if (code === 'cirrussearch-offset-too-large') return null;
  const said = `Expected search results from Wikimedia Commons but received the error ${code}: '${info.slice(0, 200)}'`;
  const leastMs = PASSING.get(code) ?? (code.startsWith('internal_api_error') ? 5_000 : null);
  if (leastMs === null) throw new GiveUpOnItem(said, { code: 'commons-query' });
  const askedMs = parseRetryAfterMs(headers['retry-after'], nowMs) ?? 0;
  throw new RetryLater(said, { code, retryAfterMs: Math.max(leastMs, askedMs, lag * 1000) });
}
