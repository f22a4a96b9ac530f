import { describe, expect, it } from 'vitest';
import { findNames } from '../../../../../src/web/pages/picker/match.ts';

const CLASSES = [
  { wnid: 'n1', name: 'Bernese Mountain Dog', synonyms: [] },
  { wnid: 'n2', name: 'sea snake', synonyms: ['hydrophid'] },
  { wnid: 'n3', name: 'dogsled', synonyms: ['dog sled', 'dog sleigh'] },
  { wnid: 'n4', name: 'hot dog', synonyms: [] },
  { wnid: 'n5', name: 'café', synonyms: ['coffee shop'] },
  { wnid: 'n6', name: 'dog', synonyms: [] },
  { wnid: 'n7', name: 'worm fence', synonyms: ['snake fence'] },
];

const found = (text: string, most = 10): unknown[] =>
  findNames(text, CLASSES, most).map(({ wnid, synonym }) => (synonym === null ? wnid : [wnid, synonym]));

describe('classes by a part of their names', () => {
  it('have the whole name first, then its beginning, then the beginnings of words, the shortest first', () => {
    expect(found('dog')).toEqual(['n6', 'n3', 'n4', 'n1']);
    expect(found('dog', 2)).toEqual(['n6', 'n3']);
  });

  it('are found by synonyms, by wnid, and without accents or capitals', () => {
    expect(found('SLEIGH')).toEqual([['n3', 'dog sleigh']]);
    expect(found('snake')).toEqual(['n2', ['n7', 'snake fence']]);
    expect(found('cafe')).toEqual(['n5']);
    expect(found('n2')).toEqual(['n2']);
  });

  it('match all words in any order, also parts of words', () => {
    expect(found('dog mount')).toEqual(['n1']);
    expect(found('nake')).toEqual(['n2', ['n7', 'snake fence']]);
    expect([found('unicorn'), found('  ')]).toEqual([[], []]);
  });
});
