import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BadRequest } from '../review-requests.ts';
import { responsePlaces } from '../live/places.ts';
import { quote } from '../../../core/tools/quote.ts';
import { isStorable, STORABLE_RULE } from '../../../core/crawl/sources/text.ts';

/** Levels of arrays and objects in what pages send, and some more. */
const MOST_LEVELS = 32;
/**
 * Three values for each photo of the largest bulk decision or one for each photo of the largest gallery, and some more. Each takes
 * up to a hundred bytes of memory.
 */
const MOST_VALUES = 110_000;

/** Refuses JSON (400) whose parsing or quoting would exhaust the stack or the memory, before it is parsed. */
export function limitJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    const { levels, values } = sizeOf(text);
    if (levels > MOST_LEVELS) done(tooMuch('levels', levels, MOST_LEVELS));
    else if (values > MOST_VALUES) done(tooMuch('values', values, MOST_VALUES));
    // Both steps take long for a large body. Other requests are answered between them.
    else setImmediate(() => void parse(request, text, done));
  });
}

function tooMuch(what: string, found: number, most: number): BadRequest {
  return new BadRequest(`Expected JSON of at most ${most} ${what} but received ${found} ${what}`);
}

/** How deep a text of JSON is nested, and how many values it has at most. A text that is no JSON gets some numbers. */
function sizeOf(text: string): { readonly levels: number; readonly values: number } {
  let [depth, levels, values] = [0, 0, 1];
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (character === '"') i = endOfString(text, i);
    else if (character === ',') values += 1;
    else if (character === ']' || character === '}') depth -= 1;
    else if (character === '[' || character === '{') {
      values += 1;
      depth += 1;
      levels = Math.max(levels, depth);
    }
  }
  return { levels, values };
}

/** The position of the quote that ends the string that begins at `start`; the last position if none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text[before] === '\\') before -= 1;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}

export const SMALL_BODY_BYTES = 64 * 1024;
/** So many requests with a larger body are handled at once. Others wait unread, and are then refused. */
const LARGE_BODIES = 2;
const LARGE_BODY_WAIT_MS = 20_000;

/** Returns a function that takes a place for a request with a large body. It resolves to false if no place becomes free in time. */
export function largeBodyPlaces(): (request: FastifyRequest, reply: FastifyReply) => Promise<boolean> {
  const takePlace = responsePlaces(LARGE_BODIES, LARGE_BODY_WAIT_MS);
  return async ({ headers, routeOptions: { bodyLimit } }, reply) => {
    const bytes = Number(headers['content-length'] ?? bodyLimit);
    // Larger bodies than the limit are refused without being read.
    return bytes <= SMALL_BODY_BYTES || bytes > bodyLimit || takePlace(reply.raw);
  };
}

export const TOO_MANY_LARGE = 'Other large requests are being handled; send this one again later';

export const BODY_TOO_LARGE = 'FST_ERR_CTP_BODY_TOO_LARGE';

export function tooLargeText({ headers, routeOptions: { bodyLimit } }: FastifyRequest): string {
  return `Expected a body of at most ${bodyLimit} bytes but received ${headers['content-length'] ?? 'more'}`;
}

/** Refuses requests with text that PostgreSQL cannot store, in the path, the query or the body (400). */
export function refuseUnstorableText(app: FastifyInstance): void {
  app.addHook('preHandler', async ({ params, query, body }) => {
    for (const [where, value] of Object.entries({ path: params, query, body })) {
      const text = firstUnstorable(value);
      if (text !== null) throw new BadRequest(`Expected ${STORABLE_RULE} in the ${where} but received ${quote(text)}`);
    }
  });
}

function firstUnstorable(value: unknown): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : value;
  if (typeof value !== 'object' || value === null) return null;
  for (const inner of Object.values(value)) {
    const found = firstUnstorable(inner);
    if (found !== null) return found;
  }
  return null;
}
