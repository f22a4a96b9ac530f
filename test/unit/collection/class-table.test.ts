import { describe, expect, it } from 'vitest';
import { classListSha256, parseClassTable } from '../../../src/collection/class-table.ts';
import { createWordNet } from '../../../src/collection/wordnet.ts';

const wordNet = () => createWordNet([]);
const row = {
  index: 0,
  wnid: 'n01440764',
  name: 'tench',
  synonyms: ['tench'],
  scientificName: null,
  imagenetA: false,
  imagenetO: false,
};

describe('parseClassTable', () => {
  it.each([
    ['no JSON', 'tench'],
    ['a wnid that is none', JSON.stringify({ ...row, wnid: '1440764' })],
    ['no synonyms', JSON.stringify({ ...row, synonyms: [] })],
    ['a key too many', JSON.stringify({ ...row, extra: 1 })],
    ['a list', '[]'],
  ])('refuses a line with %s and names it', (_, line) => {
    expect(() => parseClassTable(`${JSON.stringify(row)}\n${line}\n`, 'classes.jsonl', wordNet)).toThrow(
      /in classes\.jsonl:2 but received/,
    );
  });

  it.each(['', `${JSON.stringify(row)}\n`])('refuses a table without the released classes', (text) => {
    expect(() => parseClassTable(text, 'classes.jsonl', wordNet)).toThrow(
      /Expected the released class list imagenet-1k .* restore the file/,
    );
  });
});

describe('classListSha256', () => {
  it('hashes the wnids joined with line feeds, without one at the end', () => {
    // printf 'n01440764\nn01443537' | sha256sum
    expect(classListSha256(['n01440764', 'n01443537'])).toBe(
      '8124f08fe238576425f6546f16ad15afbba9b919659fe28afdec56ea5935c67d',
    );
  });
});
