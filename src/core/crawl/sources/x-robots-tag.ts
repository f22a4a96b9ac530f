/**
 * X-Robots-Tag headers: `[agent:] directive, directive`. There is no standard. The code follows Google's documentation
 * (developers.google.com/search/docs/crawling-indexing/robots-meta-tag) and DeviantArt's `noai` and `noimageai`.
 */

const USAGE: ReadonlySet<string> = new Set(['noai', 'noimageai', 'noindex', 'noimageindex', 'none', 'noml']);

/** Other directives without a value. A word with a colon before one of them is an agent. */
const OTHERS: ReadonlySet<string> = new Set(
  (
    'all index follow nofollow noarchive nocache nosnippet notranslate indexifembedded noodp noydir ' +
    'nositelinkssearchbox noimageclick noyaca nopagereadaloud'
  ).split(' '),
);

/** Directives with a value. The word before their colon is not an agent, and their value is not a directive. */
const VALUED: ReadonlySet<string> = new Set([
  'max-snippet',
  'max-image-preview',
  'max-video-preview',
  'unavailable_after',
]);

export interface RobotsReader {
  readonly agent: string;
  readonly nowMs: number;
}

/**
 * `noai noimageai noindex noimageindex none noml`, and `unavailable_after` with a past date, for everybody or for our agent.
 *
 * @param value that of one header line. If lines were joined into one, the directives of a later line seem to belong to the agent
 *   of the first
 */
export function usageDirectives(value: string, { agent, nowMs }: RobotsReader): string[] {
  const pieces = value.split(',').map((piece) => piece.trim());
  let isForUs = true;
  return pieces.flatMap((piece, i) => {
    const { scope, directive, argument } = partsOf(piece);
    if (scope !== null) isForUs = scope === '*' || scope === agent.toLowerCase();
    const isOut = directive === 'unavailable_after' && isOver(argument, pieces[i + 1], nowMs);
    return isForUs && (USAGE.has(directive) || isOut) ? [directive] : [];
  });
}

interface Parts {
  /** The agent that this directive and the following ones apply to. Null for the same agent as before. */
  readonly scope: string | null;
  readonly directive: string;
  readonly argument: string;
}

function partsOf(piece: string): Parts {
  const { name, rest } = splitAtColon(piece);
  if (rest === null || VALUED.has(name)) return { scope: null, directive: name, argument: rest ?? '' };
  const inner = splitAtColon(rest);
  const isDirective = inner.rest === null ? isPlain(inner.name) : VALUED.has(inner.name);
  if (isDirective) return { scope: tokenOf(name), directive: inner.name, argument: inner.rest ?? '' };
  return { scope: null, directive: '', argument: '' };
}

/** `winnow:` with nothing after it also applies to winnow. */
const isPlain = (name: string): boolean => name === '' || USAGE.has(name) || OTHERS.has(name);

/** The product token of an agent, which may have a version: `winnow/1.0`. */
const tokenOf = (name: string): string => name.replace(/\/.*/, '').trim();

function splitAtColon(text: string): { name: string; rest: string | null } {
  const colon = text.indexOf(':');
  if (colon === -1) return { name: text.trim().toLowerCase(), rest: null };
  return { name: text.slice(0, colon).trim().toLowerCase(), rest: text.slice(colon + 1).trim() };
}

/** Dates contain commas (`Wed, 03 Mar 2027 …`), and no directive begins with a digit: such a part is the rest of a date. */
function isOver(start: string, next: string | undefined, nowMs: number): boolean {
  const text = next !== undefined && /^\d/.test(next) ? `${start}, ${next}` : start;
  return Date.parse(text) < nowMs;
}
