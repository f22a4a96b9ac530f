import type { FastifyInstance } from 'fastify';
import { BadRequest } from '../review-requests.ts';

/** Levels of arrays and objects in what pages send, and some more. */
const MOST_LEVELS = 32;
/** Three values for each photo of the largest bulk decision, and some more. Each takes up to a hundred bytes of memory. */
const MOST_VALUES = 100_000;

/**
 * Refuses JSON with too many values, or nested so deep that checking or quoting it would exhaust the stack (400). Both are counted
 * in the text, before anything is made of it.
 */
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
