import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isUnnamed, NAMED_FILES, parseNames, withNames } from '../../../scripts/release-names.ts';
import { packageRoot } from '../../../src/core/config/root.ts';

const NAMES = { repository: 'https://git.example/lab/winnow', author: 'A Lab', contact: 'security@lab.example' };
const textOf = (file: string): string => readFileSync(path.join(packageRoot, file), 'utf8');

describe('the names of a release', () => {
  it('are in all files of the package or in none', () => {
    expect([[], NAMED_FILES]).toContainEqual(NAMED_FILES.filter((file) => isUnnamed(file, textOf(file))));
    expect(NAMED_FILES.filter((file) => /placeholder/i.test(textOf(file)))).toEqual([]);
  });

  it('are written once into each file', (context) => {
    context.skip(!isUnnamed('package.json', textOf('package.json')), 'the names are stated');
    const named = Object.fromEntries(NAMED_FILES.map((file) => [file, withNames(file, textOf(file), NAMES)]));
    expect(NAMED_FILES.filter((file) => isUnnamed(file, named[file] ?? ''))).toEqual([]);
    expect(JSON.parse(named['package.json'] ?? '')).toMatchObject({
      homepage: 'https://git.example/lab/winnow#readme',
      bugs: 'https://git.example/lab/winnow/issues',
      author: 'A Lab',
      repository: { type: 'git', url: 'git+https://git.example/lab/winnow.git' },
    });
    expect(parse(named['CITATION.cff'] ?? '')).toMatchObject({
      'repository-code': 'https://git.example/lab/winnow',
      authors: [{ name: 'A Lab' }],
    });
    expect(named['README.md']).toContain('\n    git clone https://git.example/lab/winnow.git winnow && cd winnow\n');
    expect(named['SECURITY.md']).toContain('\nPlease write to security@lab.example before you publish anything.');
  });

  it('that are missing or look wrong are named with the flag that takes them', () => {
    expect(parseNames(NAMES)).toEqual(NAMES);
    expect(parseNames({ repository: 'git@lab', author: 'A "Lab"' })).toEqual([
      "Expected the https URL of the repository for --repository but received 'git@lab'.",
      `Expected the name of the author, a person or a group for --author but received 'A "Lab"'.`,
      'The address for reports about security is not stated. Give it to --contact.',
    ]);
  });
});
