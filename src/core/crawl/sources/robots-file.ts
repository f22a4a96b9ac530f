/**
 * Parses robots.txt files as RFC 9309 says, without I/O: it finds the rules for our agent and the rule that decides about a
 * URL.
 * (robots-parser 3.0.1 differs from the RFC in percent-encoding, in `%2A` and `%24`, in records between two user-agent lines,
 * and for /robots.txt itself.)
 */

export interface RobotsRules {
  readonly rules: readonly RobotsRule[];
  /** The least time between two requests, in milliseconds. 0 if the file does not ask for any. */
  readonly crawlDelayMs: number;
  /** Statements about the use of files that machines may fetch. */
  readonly usage: readonly UsageRecord[];
}

export interface UsageRecord {
  /** `Content-Usage` or `Content-Signal` */
  readonly name: string;
  /** `train-ai=n` */
  readonly value: string;
  /** Where it applies. */
  readonly rule: RobotsRule;
}

export interface RobotsRule {
  readonly isAllow: boolean;
  readonly pattern: string;
  /** The normalised parts between the pattern's wildcards. They must follow one another. */
  readonly parts: readonly string[];
  /** True if the pattern ends with `$`, so that the last part must be at the end of the path. */
  readonly isAnchored: boolean;
  /** The length of the normalised pattern. The longest pattern that matches decides. */
  readonly octets: number;
}

/** Section 2.5 demands that at least this much of a file is parsed. The rest is ignored. */
export const MAX_ROBOTS_BYTES = 500 * 1024;

/**
 * The longest Crawl-delay. The RFC does not have Crawl-delay, but many sites use it and mean it. Longer delays are reduced to
 * this. A site that wants to keep crawlers out has Disallow, and one file could stop a crawl for days.
 */
const MAX_CRAWL_DELAY_MS = 300_000;

/** Decodes a file as UTF-8, without its byte order mark. A long file is cut before the line that exceeds the limit. */
export function decodeRobots(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(bytes.subarray(0, MAX_ROBOTS_BYTES)).replaceAll('\0', '\u{FFFD}');
  if (bytes.length <= MAX_ROBOTS_BYTES) return text;
  return text.slice(0, Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1);
}

interface Group {
  readonly rules: RobotsRule[];
  readonly usage: UsageRecord[];
  crawlDelayMs: number;
  isNamed: boolean;
}

/**
 * The rules of all groups that name the agent, or of all groups for `*` if none does (section 2.2.1). Lines that are not
 * understood are skipped. So are other records, which do not end a group (2.2.4).
 */
export function parseRobots(text: string, agent: string): RobotsRules {
  const own: Group = { rules: [], usage: [], crawlDelayMs: 0, isNamed: false };
  const others: Group = { rules: [], usage: [], crawlDelayMs: 0, isNamed: false };
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
    } else {
      current.forEach((group) => addRecord(group, name, value));
    }
  }
  return own.isNamed ? own : others;
}

function addRecord(group: Group, name: string, value: string): void {
  if (name === 'crawl-delay') slowDown(group, value);
  else if (name !== '' && value !== '') group.usage.push(usageOf(name, value));
}

/** Misspelt names are frequent, and Google's parser accepts them too. Ignoring them would request more than the site wants. */
const RECORD_NAMES: ReadonlyMap<string, string> = new Map([
  ...['user-agent', 'useragent', 'user agent'].map((name) => [name, 'user-agent'] as const),
  ...['disallow', 'dissallow', 'dissalow', 'disalow', 'diasllow', 'disallaw'].map(
    (name) => [name, 'disallow'] as const,
  ),
  ['allow', 'allow'],
  ['crawl-delay', 'crawl-delay'],
  ['content-usage', 'Content-Usage'],
  ['content-signal', 'Content-Signal'],
]);

/** Both empty if the record does not matter. The colon may be missing ("disallow /private"); more words are prose. */
function recordOf(line: string): [name: string, value: string] {
  const record = line.replace(/#.*/s, '').trim();
  const [, name = '', separator = '', value = ''] = /^(user agent|[a-z-]+)(\s*:|\s)\s*(.*)$/is.exec(record) ?? [];
  const isProse = separator.trim() === '' && !/^[/*]|^\S+$/.test(value);
  return [isProse ? '' : (RECORD_NAMES.get(name.toLowerCase()) ?? ''), value];
}

/** Tokens have no version, but some files write one: `winnow/1.0`. */
function tokenOf(value: string): string {
  return (/^[^\s/]*/.exec(value)?.[0] ?? '').toLowerCase();
}

function slowDown(group: Group, value: string): void {
  const seconds = Number(/^\d+(\.\d+)?/.exec(value)?.[0] ?? 0);
  group.crawlDelayMs = Math.min(Math.max(group.crawlDelayMs, seconds * 1000), MAX_CRAWL_DELAY_MS);
}

/** A pattern that does not begin with `/` or `*` is invalid, and is read as the path that its author probably meant. */
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

/** A path may stand before the value (IETF aipref's draft on attachment, 2026). */
function usageOf(name: string, value: string): UsageRecord {
  const [, path = '/', said = value] = /^(\/\S*)\s+(.+)$/s.exec(value) ?? [];
  return { name, value: said, rule: ruleOf(true, path) };
}

/** The records about a URL; of those with one name, only the ones with the longest path. */
export function usageRecords({ usage }: RobotsRules, url: string): readonly UsageRecord[] {
  const path = pathOf(url);
  const applying = usage.filter(({ rule }) => matches(rule, path));
  const isLongest = ({ name, rule }: UsageRecord): boolean =>
    applying.every((one) => one.name !== name || one.rule.octets <= rule.octets);
  return applying.filter(isLongest);
}

/** The longest rule that matches, Allow before Disallow if two are equally long (section 2.2.2). Undefined if none does. */
export function decidingRule({ rules }: RobotsRules, url: string): RobotsRule | undefined {
  if (new URL(url).pathname === '/robots.txt') return undefined;
  const path = pathOf(url);
  let deciding: RobotsRule | undefined;
  for (const rule of rules) {
    if (!matches(rule, path)) continue;
    const isLonger = deciding === undefined || rule.octets > deciding.octets;
    if (isLonger || (rule.octets === deciding?.octets && rule.isAllow)) deciding = rule;
  }
  return deciding;
}

function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return normalise(pathname + search)
    .replaceAll('*', '%2A')
    .replaceAll('$', '%24');
}

/** Matches each part at its first possible place. So the time for each part is linear in the path, whatever the pattern. */
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
 * Gives equivalent spellings the same form (section 2.2.2): unreserved characters are not encoded, characters that a URL
 * cannot contain are percent-encoded as UTF-8, and hexadecimal digits are in upper case. Reserved characters stay as they
 * are, encoded or not. The only exception is the apostrophe, because URL parsers encode it in queries only.
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
