import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  MAX_ROBOTS_BYTES,
  decidingRule,
  decodeRobots,
  parseRobots,
} from '../../../../../src/core/crawl/sources/robots-file.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** True if our agent may request a path of https://h.example. */
function mayFetch(file: string, path: string): boolean {
  return decidingRule(parseRobots(file, 'winnow'), `https://h.example${path}`)?.isAllow ?? true;
}

const everybody = (...lines: string[]): string => ['User-agent: *', ...lines].join('\n');

describe('the group of our agent', () => {
  it.each([
    ['User-agent: winnow\nDisallow: /a', '/a', false],
    ['user-AGENT:WinNow\ndisallow:/a', '/a', false],
    ['User-agent : winnow # us\nDisallow : /a # all of it', '/a', false],
    ['User-agent: winnow/1.0\nDisallow: /a', '/a', false],
    ['User-agent: winnower\nDisallow: /', '/a', true],
    ['User-agent: win\nDisallow: /', '/a', true],
    ['User-agent: *\nDisallow: /', '/a', false],
    ['User-agent: *bot\nDisallow: /', '/a', true],
    // Our group counts before the one for everybody, wherever it stands. A group without rules allows everything.
    ['User-agent: *\nDisallow: /\n\nUser-agent: winnow\nAllow: /', '/a', true],
    ['User-agent: winnow\nDisallow:\n\nUser-agent: *\nDisallow: /', '/a', true],
    ['User-agent: winnow\nDisallow: /b\nUser-agent: *\nDisallow: /a', '/a', true],
    // Several agents can share a group, and several groups of one agent are joined.
    ['User-agent: x\nUser-agent: winnow\nUser-agent: y\nDisallow: /a', '/a', false],
    ['User-agent: *\nDisallow: /a\n\nUser-agent: *\nDisallow: /c', '/c', false],
    // Other records and blank lines do not end a group (section 2.2.4).
    ['User-agent: winnow\nSitemap: https://h.example/s\nUser-agent: x\nDisallow: /a', '/a', false],
    ['User-agent: winnow\n\n\nDisallow: /a', '/a', false],
    ['User-agent: winnow\nNonsense\n: /\nDisallow: /a', '/a', false],
    // Rules before the first agent are ignored.
    ['Disallow: /\nUser-agent: winnow\nDisallow: /b', '/a', true],
    ['', '/a', true],
    ['<!DOCTYPE html><p>User-agent: *</p><p>Disallow: /</p>', '/a', true],
  ])('of %j lets us fetch %s: %s', (file, path, expected) => {
    expect(mayFetch(file, path)).toBe(expected);
  });

  it('compares agents as text, not as property names', () => {
    expect(parseRobots('User-agent: __proto__\nDisallow: /', 'constructor').rules).toEqual([]);
  });
});

describe('the deciding rule', () => {
  it.each([
    // The examples of section 5.
    [['Allow: /example/page/', 'Disallow: /example/page/disallowed.gif'], '/example/page/disallowed.gif', false],
    [['Disallow: *.gif$', 'Disallow: /example/', 'Allow: /publications/'], '/a.gif', false],
    [['Disallow: *.gif$', 'Disallow: /example/', 'Allow: /publications/'], '/publications/a.jpg', true],
    [['Disallow: /a', 'Allow: /a'], '/a', true],
    [['Allow: /a', 'Disallow: /a'], '/a', true],
    [['Disallow: /*?'], '/a?b=c', false],
    [['Disallow: /*?'], '/a', true],
    [['Disallow: /a?id=1'], '/a?id=12', false],
    // Wildcards and the end of the path.
    [['Disallow: /*.php$'], '/b.php.php', false],
    [['Disallow: /a*b*c$'], '/axxbyyc', false],
    [['Disallow: /a*b*c$'], '/acb', true],
    [['Disallow: /ab*b$'], '/ab', true],
    [['Disallow: /a$'], '/a', false],
    [['Disallow: /a$'], '/ab', true],
    [['Disallow: /**a'], '/bba', false],
    [['Disallow: *'], '/', false],
    [['Disallow: /a*$'], '/abc', false],
    // Literal `*` and `$` (section 2.2.3), and `$` within.
    [['Disallow: /a%2Ab'], '/a*b', false],
    [['Disallow: /a%2ab'], '/a%2Ab', false],
    [['Disallow: /a%2Ab'], '/axb', true],
    [['Disallow: /a%24'], '/a$', false],
    [['Disallow: /a%24'], '/a', true],
    [['Disallow: /a$b'], '/a$b', false],
    [['Disallow: /*a'], '/*b', true],
    // Equivalent spellings (section 2.2.2); reserved characters are not equivalent to their encoding.
    [['Disallow: /foo/bar/%e3%83%84'], '/foo/bar/ツ', false],
    [['Disallow: /foo/bar/%62%61%7A'], '/foo/bar/baz', false],
    [['Disallow: /foo/bar/baz'], '/foo/bar/%62%61%7A', false],
    [['Disallow: /a/b'], '/a%2Fb', true],
    [['Disallow: /a b'], '/a%20b', false],
    [['Disallow: /a{b}'], '/a{b}', false],
    [['Disallow: /%zz'], '/%zz', false],
    [['Disallow: /%'], '/%', false],
    [["Disallow: /a?b='"], "/a?b='", false],
    [['Disallow: /\u{d800}'], '/x', true],
    // The length of the encoded form counts.
    [['Disallow: /ツ', 'Allow: /*****'], '/ツ', false],
    // A pattern without a slash is read as its author meant it.
    [['Disallow: private'], '/private/a', false],
    [['Disallow:'], '/a', true],
    [['Disallow: # nothing'], '/a', true],
    // No rule applies to robots.txt itself.
    [['Disallow: /'], '/robots.txt', true],
    [['Disallow: /'], '/robots.txt?x', true],
  ])('of %j about %s: allowed %s', (rules, path, expected) => {
    expect(mayFetch(everybody(...rules), path)).toBe(expected);
  });

  it('ignores the fragment, user names and the scheme', () => {
    const rules = parseRobots(everybody('Disallow: /a'), 'winnow');
    expect(decidingRule(rules, 'http://me:pw@h.example/a#b')?.pattern).toBe('/a');
    expect(decidingRule(rules, 'http://h.example/b#/a')).toBeUndefined();
  });

  it('matches hostile patterns in linear time', () => {
    const pattern = `/${'*a'.repeat(2000)}*b$`;
    expect(mayFetch(everybody(`Disallow: ${pattern}`), `/${'a'.repeat(8000)}`)).toBe(true);
  });
});

describe('malformed lines', () => {
  it.each<[file: string, path: string, expected: boolean]>([
    // Without a colon.
    ['user-agent winnow\ndisallow /private', '/private/a', false],
    ['User-agent\t*\nDisallow\t/private', '/private/a', false],
    ['User-agent: *\nDisallow /my photos', '/my%20photos/a', false],
    ['User-agent: *\nDisallow /a:b # not that', '/a:b', false],
    ['User-agent: *\nDisallow /?u=http://x', '/?u=http://x', false],
    ['User-agent: *\nDisallow *.gif', '/a.gif', false],
    ['User-agent: *\nDisallow private', '/private', false],
    ['User-agent: *\nDisallow /\nAllow /open', '/open/a', true],
    // Prose names no agent and ends no group.
    ['User-agent: *\nDisallow: /a\nUser-agent is a header of requests\nDisallow: /b', '/b', false],
    ['User-agent: *\nDisallow\nAllow', '/a', true],
    // Frequent misspellings.
    ...['Dissallow', 'Dissalow', 'Disalow', 'Diasllow', 'Disallaw'].map((name): [string, string, boolean] => [
      `User-agent: *\n${name}: /a`,
      '/a',
      false,
    ]),
    ['Useragent: *\nDisallow: /a', '/a', false],
    ['User agent: *\nDissallow /a', '/a', false],
    ['user agent winnow\nDisallow: /a', '/a', false],
    // Accepting misspellings of Allow would let us request more.
    ['User-agent: *\nDisallow: /\nAlow: /a', '/a', false],
  ])('of %j lets us fetch %s: %s', (file, path, expected) => {
    expect(mayFetch(file, path)).toBe(expected);
  });

  it('reads a line of a hundred thousand spaces in linear time', () => {
    const spaces = ' '.repeat(100_000);
    expect(mayFetch(`User-agent: *\nDisallow${spaces}/a${spaces}b\nDisallow${spaces}x${spaces}: /c`, '/c')).toBe(true);
  });
});

describe("the cases of Google's own tests", () => {
  const text = readFileSync(`${repositoryRoot}/test/fixtures/robots/google-cases.txt`, 'utf8');
  const cases = text.split(/^== /m).slice(1);
  /** `//folder` is a path here, not a host. */
  const addressOf = (url: string): string => (url.startsWith('/') ? `http://foo.bar${url}` : url);

  it.each(cases)('have the result that RFC 9309 demands: %s', (block) => {
    const file = block
      .split('\n')
      .slice(1)
      .filter((line) => !line.startsWith('>'))
      .join('\n');
    expect(block).toContain(' fetch ');
    for (const [, agent = '', not, urls = ''] of block.matchAll(/^> (.+?) may( not)? fetch (.*)$/gm)) {
      const rules = parseRobots(file, agent);
      const refused = urls.split(' ').filter((url) => decidingRule(rules, addressOf(url))?.isAllow === false);
      expect(refused).toEqual(not === undefined ? [] : urls.split(' '));
    }
  });

  it('that cut lines after 16,664 bytes are not followed: 500 KiB of a file count (2.5)', () => {
    const longPath = `/x/${'a'.repeat(2083 * 8)}`;
    expect(mayFetch(everybody(`disallow: ${longPath}/qux`), `${longPath}/fux`)).toBe(true);
    expect(mayFetch(everybody('disallow: /', `allow: ${longPath}/qux`), `${longPath}/qux`)).toBe(true);
  });

  it('handle URLs without a host, which nobody can request', () => {
    const rules = parseRobots('user-agent: FooBot\ndisallow: /', 'FooBot');
    for (const url of ['', 'example.com/a', '//a/b/c']) expect(() => decidingRule(rules, url)).toThrow('Invalid URL');
  });
});

it.each([
  [everybody('Crawl-delay: 5', 'Disallow:'), 5000],
  [everybody('Crawl-delay: 0.5'), 500],
  [everybody('Crawl-delay 5'), 5000],
  [everybody('Crawl-delay: 2', 'Crawl-delay: 7', 'Crawl-delay: 3'), 7000],
  [everybody('Crawl-delay: 86400'), 300_000],
  [everybody('Crawl-delay: soon', 'Crawl-delay: -4', 'Crawl-delay:'), 0],
  // Crawl-delay does not end a group's list of agents. It applies to the agents before it.
  ['User-agent: x\nCrawl-delay: 5\nUser-agent: *\nDisallow: /a', 0],
  ['User-agent: winnow\nCrawl-delay: 5\nUser-agent: x\nDisallow: /a', 5000],
])('crawl delay of %j is %i ms', (file, expected) => {
  expect(parseRobots(file, 'winnow').crawlDelayMs).toBe(expected);
});

describe('decodeRobots', () => {
  it('removes a byte order mark and reads all three kinds of line ends', () => {
    const file = decodeRobots(bytes('\u{feff}User-agent: *\rDisallow: /a\r\nDisallow: /b\nDisallow: /c'));
    expect(['/a', '/b', '/c', '/d'].map((path) => mayFetch(file, path))).toEqual([false, false, false, true]);
  });

  it('reads bytes that are not UTF-8 into text that can be stored', () => {
    const file = decodeRobots(Uint8Array.of(0xff, 0, 0x0a, ...bytes('User-agent: *\nDisallow: /a')));
    expect(file).not.toContain('\0');
    expect(mayFetch(file, '/a')).toBe(false);
  });

  it('reads a file of 500 KiB to its end, and the whole lines within 500 KiB of a longer one', () => {
    const head = 'User-agent: *\n';
    const line = 'Disallow: /last\n';
    const filler = `${'#'.repeat(MAX_ROBOTS_BYTES - head.length - line.length - 1)}\n`;
    expect(mayFetch(decodeRobots(bytes(head + filler + line)), '/last')).toBe(false);
    // If `Disallow: /last` were cut in its middle, it would be `Disallow: /la`.
    const cut = decodeRobots(bytes(`${head}#${filler}Disallow: /last\nDisallow: /more\n`));
    expect(cut.endsWith('#\n')).toBe(true);
    expect([mayFetch(cut, '/lag'), mayFetch(cut, '/more')]).toEqual([true, true]);
  });
});
