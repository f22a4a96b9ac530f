/** Who made winnow and where it is. */
export interface Names {
  /** The address of the repository, such as `https://git.example/lab/winnow`. */
  readonly repository: string;
  readonly author: string;
  /** Where people report problems of security: an address of mail or of a page. */
  readonly contact: string;
}

/** The form of each name, and how the prompt calls it. */
export const NAME_RULES: Readonly<Record<keyof Names, { readonly rule: RegExp; readonly what: string }>> = {
  repository: { rule: /^https:\/\/[\w.-]+\/[\w./~-]*\w$/, what: 'https URL of the repository' },
  author: { rule: /^[^\s"'\\:#<>][^"\\:#<>]*$/, what: 'name of the author, a person or a group' },
  contact: { rule: /^(?:[\w.+-]+@[\w.-]+\.\w+|https:\/\/\S+)$/, what: 'address for reports about security' },
};

/** The text of a file that has the names once they are stated, and the text in its place until then. */
interface Place {
  readonly unnamed: string;
  readonly named: (names: Names) => string;
}

const PLACES = {
  'package.json': {
    unnamed: '\n  "license": "Apache-2.0",\n  "bin": {\n',
    named: ({ repository, author }) => `
  "homepage": "${repository}#readme",
  "bugs": "${repository}/issues",
  "license": "Apache-2.0",
  "author": "${author}",
  "repository": {
    "type": "git",
    "url": "git+${repository}.git"
  },
  "bin": {
`,
  },
  'CITATION.cff': {
    unnamed: '\nauthors:\n  - name: The winnow contributors\n',
    named: ({ repository, author }) => `\nrepository-code: ${repository}\nauthors:\n  - name: ${author}\n`,
  },
  'README.md': {
    unnamed: '\n\n    npm ci && npm run demo\n',
    named: ({ repository }) => `\n\n    git clone ${repository}.git winnow && cd winnow\n    npm ci && npm run demo\n`,
  },
  'SECURITY.md': {
    unnamed: '\nPlease write to the person or the site that gave you this copy of winnow before',
    named: ({ contact }) => `\nPlease write to ${contact} before`,
  },
} as const satisfies Record<string, Place>;

export type NamedFile = keyof typeof PLACES;
export const NAMED_FILES: readonly NamedFile[] = ['package.json', 'CITATION.cff', 'README.md', 'SECURITY.md'];

/** True while the text names nobody. */
export function isUnnamed(file: NamedFile, text: string): boolean {
  return text.includes(PLACES[file].unnamed);
}

export function withNames(file: NamedFile, text: string, names: Names): string {
  const { unnamed, named }: Place = PLACES[file];
  return text.replace(unnamed, () => named(names));
}

/** The names, or one sentence for each that is missing or looks wrong. */
export function parseNames({ repository, author, contact }: Partial<Names>): Names | readonly string[] {
  const problems = [
    ...problemsOf('repository', repository),
    ...problemsOf('author', author),
    ...problemsOf('contact', contact),
  ];
  const isComplete = repository !== undefined && author !== undefined && contact !== undefined;
  return isComplete && problems.length === 0 ? { repository, author, contact } : problems;
}

function problemsOf(key: keyof Names, value: string | undefined): readonly string[] {
  const { rule, what } = NAME_RULES[key];
  if (value === undefined) return [`The ${what} is not stated. Give it to --${key}.`];
  return rule.test(value) ? [] : [`Expected the ${what} for --${key} but received '${value}'.`];
}
