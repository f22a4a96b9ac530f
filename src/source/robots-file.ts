/**
 * robots.txt files as RFC 9309 reads them, without I/O: which rules are ours, and which of them decides about a URL.
 * (robots-parser 3.0.1 departs from it in percent-encoding, in `%2A` and `%24`, in records between two user-agent lines,
 * and for /robots.txt itself.)
 */

export interface RobotsRules {
  readonly rules: readonly RobotsRule[];
  /** Least time between two requests, in milliseconds; 0 if the file does not ask for any. */
  readonly crawlDelayMs: number;
}

export interface RobotsRule {
  readonly isAllow: boolean;
  /** As written, for people. */
  readonly pattern: string;
  /** What has to follow one another between the pattern's wildcards, normalised. */
  readonly parts: readonly string[];
  /** The pattern ends with `$`: the last part has to be the end. */
  readonly isAnchored: boolean;
  /** Of the normalised pattern: the longest that matches decides. */
  readonly octets: number;
}

/** Section 2.5: at least this much of a file is to be parsed; the rest is not looked at. */
export const MAX_ROBOTS_BYTES = 500 * 1024;

/**
 * Crawl-delay is not in the RFC, but widely used and meant. Longer ones are taken for this: to keep crawlers out is what
 * Disallow is for, and one file could hold up a crawl for days.
 */
const MAX_CRAWL_DELAY_MS = 300_000;

/** The text of a file: UTF-8 whatever it contains, without a byte order mark, cut before the line that is too much. */
export function decodeRobots(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(bytes.subarray(0, MAX_ROBOTS_BYTES)).replaceAll('\0', '\u{FFFD}');
  if (bytes.length <= MAX_ROBOTS_BYTES) return text;
  return text.slice(0, Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1);
}

interface Group {
  readonly rules: RobotsRule[];
  crawlDelayMs: number;
  isNamed: boolean;
}

/**
 * The rules for an agent: those of all groups that name it, or else those of all groups for `*` (section 2.2.1).
 * Lines that cannot be understood are passed over, and so are other records, which do not end a group (2.2.4).
 *
 * @param agent our product token, in any case: `winnow`
 */
export function parseRobots(text: string, agent: string): RobotsRules {
  const own: Group = { rules: [], crawlDelayMs: 0, isNamed: false };
  const others: Group = { rules: [], crawlDelayMs: 0, isNamed: false };
  const groups = new Map([
    ['*', others],
    [agent.toLowerCase(), own],
  ]);
  let current = new Set<Group>();
  let isInHead = false;
  for (const line of text.split(/\r\n|\r|\n/)) {
    const [name, value] = recordOf(line);
    if (name === 'user-agent') {
      const group = groups.get(tokenOf(value));
      current = new Set([...(isInHead ? current : []), ...(group === undefined ? [] : [group])]);
      isInHead = true;
      if (group !== undefined) group.isNamed = true;
    } else if (name === 'allow' || name === 'disallow') {
      isInHead = false;
      if (value !== '') current.forEach((group) => group.rules.push(ruleOf(name === 'allow', value)));
    } else if (name === 'crawl-delay') {
      current.forEach((group) => slowDown(group, value));
    }
  }
  return own.isNamed ? own : others;
}

/**
 * Spellings of the records that count. The misspelt ones are frequent, and Google's parser reads them as well: a crawler
 * that passes over `Dissallow: /private` requests more than the site wants.
 */
const RECORD_NAMES: ReadonlyMap<string, string> = new Map([
  ...['user-agent', 'useragent', 'user agent'].map((name) => [name, 'user-agent'] as const),
  ...['disallow', 'dissallow', 'dissalow', 'disalow', 'diasllow', 'disallaw'].map(
    (name) => [name, 'disallow'] as const,
  ),
  ['allow', 'allow'],
  ['crawl-delay', 'crawl-delay'],
]);

/**
 * The name and the value of a line; empty if it is no record that counts. The colon may be missing ("disallow /private") if
 * one word or a path follows: more words are prose.
 */
function recordOf(line: string): [name: string, value: string] {
  const record = line.replace(/#.*/s, '').trim();
  const [, name = '', separator = '', value = ''] = /^(user agent|[a-z-]+)(\s*:|\s)\s*(.*)$/is.exec(record) ?? [];
  const isProse = separator.trim() === '' && !/^[/*]|^\S+$/.test(value);
  return [isProse ? '' : (RECORD_NAMES.get(name.toLowerCase()) ?? ''), value];
}

/** A product token has no version; files give one all the same: `winnow/1.0`. */
function tokenOf(value: string): string {
  return (/^[^\s/]*/.exec(value)?.[0] ?? '').toLowerCase();
}

function slowDown(group: Group, value: string): void {
  const seconds = Number(/^\d+(\.\d+)?/.exec(value)?.[0] ?? 0);
  group.crawlDelayMs = Math.min(Math.max(group.crawlDelayMs, seconds * 1000), MAX_CRAWL_DELAY_MS);
}

/** A pattern that does not begin with `/` or `*` is wrong, and taken for the path that its author had in mind. */
function ruleOf(isAllow: boolean, pattern: string): RobotsRule {
  const isAnchored = pattern.endsWith('$');
  const rooted = /^[/*]/.test(pattern) ? pattern : `/${pattern}`;
  const normalised = normalise(isAnchored ? rooted.slice(0, -1) : rooted).replaceAll('$', '%24');
  return {
    isAllow,
    pattern,
    parts: normalised.split('*'),
    isAnchored,
    octets: normalised.length + (isAnchored ? 1 : 0),
  };
}

/**
 * The rule that decides about a URL: the longest that matches, Allow before Disallow if two are as long (section 2.2.2).
 * Undefined if none does, which allows it.
 */
export function decidingRule({ rules }: RobotsRules, url: string): RobotsRule | undefined {
  const { pathname, search } = new URL(url);
  if (pathname === '/robots.txt') return undefined;
  const path = normalise(pathname + search)
    .replaceAll('*', '%2A')
    .replaceAll('$', '%24');
  let deciding: RobotsRule | undefined;
  for (const rule of rules) {
    if (!matches(rule, path)) continue;
    const isLonger = deciding === undefined || rule.octets > deciding.octets;
    if (isLonger || (rule.octets === deciding?.octets && rule.isAllow)) deciding = rule;
  }
  return deciding;
}

/** Takes each part at its first place, so the time is linear in the path for each part, whatever the pattern. */
function matches({ parts, isAnchored }: RobotsRule, path: string): boolean {
  const [first = '', ...others] = parts;
  if (!path.startsWith(first)) return false;
  const last = isAnchored ? others.pop() : '';
  if (last === undefined) return path === first;
  let end = first.length;
  for (const part of others) {
    const start = path.indexOf(part, end);
    if (start === -1) return false;
    end = start + part.length;
  }
  return path.length - last.length >= end && path.endsWith(last);
}

/**
 * One spelling for all that are equivalent (section 2.2.2): unreserved characters plain, what may not stand in a URL as
 * UTF-8 in percent-encoding, hexadecimal digits in upper case. Reserved characters stay as they are, encoded or not, but
 * for the apostrophe, which URL parsers encode in queries alone.
 */
function normalise(text: string): string {
  return text.replaceAll(/%[0-9a-f]{2}|[^\w.~:/?#[\]@!$&'()*+,;=%-]+/gi, (found) => {
    if (found.startsWith('%')) return plainOf(found);
    return encodeURIComponent(found.replaceAll(/\p{Surrogate}/gu, '\u{FFFD}'));
  });
}

function plainOf(encoded: string): string {
  const character = String.fromCodePoint(Number.parseInt(encoded.slice(1), 16));
  return /[\w.~'-]/.test(character) ? character : encoded.toUpperCase();
}
