import { describe, expect, it } from 'vitest';
import { findRetiredWords, parsePatterns } from '../../../../scripts/words/retired-words.ts';

const patterns = parsePatterns('# a comment\n\n\\bforsooth\\b\n\\b(to )?be sure\\b\n\\bto be sure\\b\n');

function finds(file: string, ...lines: string[]): string[] {
  return findRetiredWords(file, lines.join('\n'), patterns).map(({ line, words }) => `${line} ${words}`);
}

it('parsePatterns leaves out comments and empty lines', () => {
  expect(patterns).toHaveLength(3);
});

describe('findRetiredWords', () => {
  it.each([
    ['a comment to the end of a line', 'const a = 1; // forsooth'],
    ['a comment between tokens', 'call(/* forsooth */ 1);'],
    ['a documentation comment', '/** forsooth */ export const a = 1;'],
    ['a documentation comment of a member', 'interface A { /** forsooth */ readonly a: string }'],
    ['a comment at the end of the file', 'export {}; // forsooth'],
    ['a string', `const a = 'forsooth';`],
    ['a template', 'const a = `forsooth`;'],
    ['the beginning of a template with values', 'const a = `forsooth ${1} and ${2} no more`;'],
    ['the middle of a template with values', 'const a = `a ${1} forsooth ${2} b`;'],
    ['the end of a template with values', 'const a = `a ${1} forsooth`;'],
    ['a template inside a template', 'const a = `a ${`forsooth`} b`;'],
    ['the title of a test', `it('forsooth', () => {});`],
    ['a regular expression that matches a message', 'const a = /forsooth/;'],
  ])('finds words in %s', (_, code) => {
    expect(finds('a.ts', code)).toEqual(['1 forsooth']);
  });

  it('finds words in the text and in attributes of JSX', () => {
    expect(finds('a.tsx', 'const a = <p title="forsooth">', 'forsooth, he said', '</p>;')).toEqual([
      '1 forsooth',
      '2 forsooth',
    ]);
  });

  it.each([
    ['an identifier', 'const forsooth = 1; forsooth.toString();'],
    ['a part of a word', '// forsoothly'],
    ['an SQL template', 'sql`select 1 -- forsooth`; sql<{ a: 1 }>`select forsooth`; sql.raw`forsooth ${1} forsooth`;'],
    ['another case than that of the pattern', '// Forsooth'],
  ])('ignores %s', (_, code) => {
    expect(finds('a.ts', code)).toEqual([]);
  });

  it('finds an expression that continues on the next line, and names the line where it begins', () => {
    expect(finds('a.ts', 'const a = 1;', '/**', ' * He is to be', ' * sure.', ' */', 'const b = 2;')).toEqual([
      '3 to be sure',
    ]);
    expect(finds('a.ts', '// to', '// be sure')).toEqual(['1 to be sure']);
  });

  it('searches all of a file that is not code', () => {
    expect(finds('README.md', '# forsooth', '', '    `forsooth`', '> to be', '> sure')).toEqual([
      '1 forsooth',
      '3 forsooth',
      '4 to be sure',
    ]);
  });
});
