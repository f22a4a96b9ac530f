/**
 * The test cases that Google publishes with its parser (github.com/google/robotstxt, robots_test.cc), as data: which paths of
 * http://foo.bar (or which other URLs) a file allows. The agent is FooBot unless a case names another one.
 */
export interface GoogleCases {
  readonly about: string;
  readonly file: string;
  readonly agent?: string;
  readonly allowed?: readonly string[];
  readonly disallowed?: readonly string[];
}

const file = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;
/** A file that disallows everything except one pattern. */
const onlyAllow = (pattern: string): string => file('user-agent: FooBot', 'disallow: /', `allow: ${pattern}`);

const GROUPS = file(
  'allow: /foo/bar/',
  '',
  'user-agent: FooBot',
  'disallow: /',
  'allow: /x/',
  'user-agent: BarBot',
  'disallow: /',
  'allow: /y/',
  '',
  '',
  'allow: /w/',
  'user-agent: BazBot',
  '',
  'user-agent: FooBot',
  'allow: /z/',
  'disallow: /',
);
const agentIn = (value: string): string => file(`User-Agent: ${value}`, 'Allow: /x/', 'Disallow: /');
const EVERYBODY_BUT_FOO = file('User-Agent: *', 'Disallow: /', 'User-Agent: Foo Bar', 'Allow: /x/', 'Disallow: /');
const GLOBAL_GROUP = file('user-agent: *', 'allow: /', 'user-agent: FooBot', 'disallow: /');
const OTHER_BOTS = file(
  'user-agent: FooBot',
  'allow: /',
  'user-agent: BarBot',
  'disallow: /',
  'user-agent: BazBot',
  'disallow: /',
);
const INDEX_ALLOWED = file('User-Agent: *', 'Allow: /allowed-slash/index.html', 'Disallow: /');
const FISH = [
  '/fish',
  '/fish.html',
  '/fish/salmon.html',
  '/fishheads',
  '/fishheads/yummy.html',
  '/fish.html?id=anything',
];

/** Google's parser cuts a line after 16,664 bytes. */
const LINE_BYTES = 2083 * 8;
const longPath = (name: 'allow' | 'disallow', letter: string): string =>
  `/x/${letter.repeat(LINE_BYTES - '/x/'.length - `${name}: `.length + 1)}`;

const SYNTAX: readonly GoogleCases[] = [
  { about: 'an empty file', file: '', allowed: ['/x/y'] },
  { about: 'a record with colons', file: file('user-agent: FooBot', 'disallow: /'), disallowed: ['/x/y'] },
  { about: 'unknown records', file: file('foo: FooBot', 'bar: /'), allowed: ['/x/y'] },
  { about: 'records without colons', file: file('user-agent FooBot', 'disallow /'), disallowed: ['/x/y'] },
  { about: 'groups', file: GROUPS, allowed: ['/x/b', '/z/d'], disallowed: ['/y/c', '/foo/bar/'] },
  { about: 'groups', file: GROUPS, agent: 'BarBot', allowed: ['/y/c', '/w/a'], disallowed: ['/z/d', '/foo/bar/'] },
  { about: 'groups', file: GROUPS, agent: 'BazBot', allowed: ['/z/d'], disallowed: ['/foo/bar/'] },
  ...[
    file('USER-AGENT: FooBot', 'ALLOW: /x/', 'DISALLOW: /'),
    file('user-agent: FooBot', 'allow: /x/', 'disallow: /'),
    file('uSeR-aGeNt: FooBot', 'AlLoW: /x/', 'dIsAlLoW: /'),
  ].map((text) => ({ about: 'names in any case', file: text, allowed: ['/x/y'], disallowed: ['/a/b'] })),
  ...['FOO BAR', 'foo bar', 'FoO bAr'].flatMap((value) =>
    ['Foo', 'foo'].map((agent) => ({
      about: 'agents in any case',
      file: agentIn(value),
      agent,
      allowed: ['/x/y'],
      disallowed: ['/a/b'],
    })),
  ),
  { about: 'an agent up to its first space', file: EVERYBODY_BUT_FOO, agent: 'Foo', allowed: ['/x/y'] },
  { about: 'an agent up to its first space', file: EVERYBODY_BUT_FOO, agent: 'Foo Bar', disallowed: ['/x/y'] },
  { about: 'the group for everybody', file: GLOBAL_GROUP, disallowed: ['/x/y'] },
  { about: 'the group for everybody', file: GLOBAL_GROUP, agent: 'BarBot', allowed: ['/x/y'] },
  { about: 'groups of others only', file: OTHER_BOTS, agent: 'QuxBot', allowed: ['/x/y'] },
];

const foo = (...lines: readonly string[]): string => file('user-agent: FooBot', ...lines);
const PAGE = '/x/page.html';

const RULES: readonly GoogleCases[] = [
  { about: 'case of paths', file: foo('disallow: /x/'), disallowed: ['/x/y'] },
  { about: 'case of paths', file: foo('disallow: /X/'), allowed: ['/x/y'] },
  { about: 'the longest rule', file: foo('disallow: /x/page.html', 'allow: /x/'), disallowed: [PAGE] },
  {
    about: 'the longest rule',
    file: foo('allow: /x/page.html', 'disallow: /x/'),
    allowed: [PAGE],
    disallowed: ['/x/'],
  },
  { about: 'rules without a path', file: foo('disallow: ', 'allow: '), allowed: [PAGE] },
  { about: 'rules of the same length', file: foo('disallow: /', 'allow: /'), allowed: [PAGE] },
  { about: 'a slash at the end', file: foo('disallow: /x', 'allow: /x/'), allowed: ['/x/'], disallowed: ['/x'] },
  { about: 'rules of the same length', file: foo('disallow: /x/page.html', 'allow: /x/page.html'), allowed: [PAGE] },
  {
    about: 'wildcards',
    file: foo('allow: /page', 'disallow: /*.html'),
    allowed: ['/page'],
    disallowed: ['/page.html'],
  },
  { about: 'wildcards', file: foo('allow: /x/page.', 'disallow: /*.html'), allowed: [PAGE], disallowed: ['/x/y.html'] },
  {
    about: 'our own group alone',
    file: file('User-agent: *', 'Disallow: /x/', 'User-agent: FooBot', 'Disallow: /y/'),
    allowed: ['/x/page'],
    disallowed: ['/y/page'],
  },
  {
    about: 'a URL in a query',
    file: onlyAllow('/foo/bar?qux=taz&baz=http://foo.bar?tar&par'),
    allowed: ['/foo/bar?qux=taz&baz=http://foo.bar?tar&par'],
  },
  { about: 'three octets, plain', file: onlyAllow('/foo/bar/ツ'), allowed: ['/foo/bar/%E3%83%84'] },
  { about: 'three octets, encoded', file: onlyAllow('/foo/bar/%E3%83%84'), allowed: ['/foo/bar/%E3%83%84'] },
  { about: 'letters, encoded', file: onlyAllow('/foo/bar/%62%61%7A'), allowed: ['/foo/bar/%62%61%7A'] },
  {
    about: 'a wildcard',
    file: foo('Disallow: /foo/bar/quz', 'Allow: /foo/*/qux'),
    allowed: ['/foo/quz', '/foo//quz', '/foo/bax/quz'],
    disallowed: ['/foo/bar/quz'],
  },
  {
    about: 'the end of a path',
    file: foo('Disallow: /foo/bar$', 'Allow: /foo/bar/qux'),
    allowed: ['/foo/bar/qux', '/foo/bar/', '/foo/bar/baz'],
    disallowed: ['/foo/bar'],
  },
  {
    about: 'comments',
    file: foo('# Disallow: /', 'Disallow: /foo/quz#qux', 'Allow: /'),
    allowed: ['/foo/bar'],
    disallowed: ['/foo/quz'],
  },
  {
    about: 'index.html',
    file: INDEX_ALLOWED,
    allowed: ['/allowed-slash/index.html'],
    disallowed: ['/allowed-slash/index.htm', '/anyother-url'],
  },
  { about: 'a long line', file: foo(`disallow: ${longPath('disallow', 'a')}/qux`), allowed: ['/fux'] },
  {
    about: 'long lines',
    file: foo('disallow: /', `allow: ${longPath('allow', 'a')}/qux`, `allow: ${longPath('allow', 'b')}/qux`),
    allowed: [`${longPath('allow', 'a')}/qux`],
    disallowed: ['/'],
  },
];

const PHP = ['/filename.php', '/folder/filename.php', '/folder/filename.php?parameters', '//folder/any.php.file.html'];

/** From Google's documentation. */
const DOCUMENTED: readonly GoogleCases[] = [
  {
    about: '/fish',
    file: onlyAllow('/fish'),
    allowed: FISH,
    disallowed: ['/bar', '/Fish.asp', '/catfish', '/?id=fish'],
  },
  {
    about: '/fish*',
    file: onlyAllow('/fish*'),
    allowed: FISH,
    disallowed: ['/bar', '/Fish.bar', '/catfish', '/?id=fish'],
  },
  {
    about: '/fish/',
    file: onlyAllow('/fish/'),
    allowed: ['/fish/', '/fish/salmon', '/fish/?salmon', '/fish/salmon.html', '/fish/?id=anything'],
    disallowed: ['/bar', '/fish', '/fish.html', '/Fish/Salmon.html'],
  },
  {
    about: '/*.php',
    file: onlyAllow('/*.php'),
    allowed: [...PHP, '/filename.php/', '/index?f=filename.php/'],
    disallowed: ['/bar', '/php/', '/index?php', '/windows.PHP'],
  },
  {
    about: '/*.php$',
    file: onlyAllow('/*.php$'),
    allowed: ['/filename.php', '/folder/filename.php'],
    disallowed: [
      '/bar',
      '/filename.php?parameters',
      '/filename.php/',
      '/filename.php5',
      '/php/',
      '/filename?php',
      '/aaaphpaaa',
      '//windows.PHP',
    ],
  },
  {
    about: '/fish*.php',
    file: onlyAllow('/fish*.php'),
    allowed: ['/fish.php', '/fishheads/catfish.php?parameters'],
    disallowed: ['/bar', '/Fish.PHP'],
  },
  { about: '/p', file: foo('allow: /p', 'disallow: /'), allowed: ['http://example.com/page'] },
  { about: '/folder', file: foo('allow: /folder', 'disallow: /folder'), allowed: ['http://example.com/folder/page'] },
  { about: '/page', file: foo('allow: /page', 'disallow: /*.htm'), disallowed: ['http://example.com/page.htm'] },
  {
    about: '/$',
    file: foo('allow: /$', 'disallow: /'),
    allowed: ['http://example.com/'],
    disallowed: ['http://example.com/page.html'],
  },
];

/** Cases with the same result as Google's. */
export const SAME_AS_GOOGLE: readonly GoogleCases[] = [...SYNTAX, ...RULES, ...DOCUMENTED];

/** Cases with another result. `allowed` and `disallowed` are Google's, and `about` names the rule of RFC 9309 that differs. */
export const OTHER_THAN_GOOGLE: readonly GoogleCases[] = [
  {
    about: 'index.html is a path like any other: only octets are compared (2.2.2)',
    file: INDEX_ALLOWED,
    allowed: ['/allowed-slash/'],
  },
  {
    about: 'octets beyond ASCII are encoded before paths are compared, in the URL as in the rule (2.2.2)',
    file: onlyAllow('/foo/bar/ツ'),
    disallowed: ['/foo/bar/ツ'],
  },
  {
    about: 'octets beyond ASCII are encoded before paths are compared, in the URL as in the rule (2.2.2)',
    file: onlyAllow('/foo/bar/%E3%83%84'),
    disallowed: ['/foo/bar/ツ'],
  },
  {
    about: 'an encoded letter is decoded before paths are compared (2.2.2)',
    file: onlyAllow('/foo/bar/%62%61%7A'),
    disallowed: ['/foo/bar/baz'],
  },
  {
    about: 'no line is cut within the 500 KiB that are parsed (2.5)',
    file: foo(`disallow: ${longPath('disallow', 'a')}/qux`),
    disallowed: [`${longPath('disallow', 'a')}/fux`],
  },
  {
    about: 'no line is cut within the 500 KiB that are parsed (2.5)',
    file: foo('disallow: /', `allow: ${longPath('allow', 'b')}/qux`),
    allowed: [`${longPath('allow', 'b')}/fux`],
  },
];
