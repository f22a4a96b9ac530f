import { describe, expect, it } from 'vitest';
import { loadClassTable } from '../../../../src/core/collection/class-table.process.ts';
import { findClasses } from '../../../../src/core/collection/find-classes.ts';

const table = await loadClassTable();
const namesOf = (text: string): string[] => findClasses(text, table).map(({ name }) => name);

describe('findClasses', () => {
  it('finds all classes that share a name, with their glosses', () => {
    expect(findClasses('Crane', table).slice(0, 2)).toEqual([
      { wnid: 'n02012849', name: 'crane bird', synonyms: ['crane'], gloss: expect.stringContaining('wading bird') },
      { wnid: 'n03126707', name: 'crane', synonyms: ['crane'], gloss: expect.stringContaining('lifts') },
    ]);
  });

  it('ranks names first, then synonyms, then words of names, then glosses', () => {
    expect(namesOf('partridge').slice(0, 2)).toEqual(['partridge', 'ruffed grouse']);
    expect(namesOf('n01608432')).toEqual(['kite']);
    expect(namesOf('geese')[0]).toBe('goose');
    expect(namesOf('shark').slice(0, 3)).toEqual(['great white shark', 'tiger shark', 'hammerhead']);
    expect(namesOf('wading bird')).toContain('spoonbill');
  });

  it('ranks the classes below a hypernym last', () => {
    expect(findClasses('dog', table).length).toBeGreaterThanOrEqual(118);
    expect(namesOf('canid').at(-1)).not.toBe('sea lion');
    expect(namesOf('canid')).toContain('golden retriever');
  });

  it.each(['', '  ', 'flamingoo', 'garden gnome', '__proto__', '!?'])('finds nothing for %j', (text) => {
    expect(findClasses(text, table)).toEqual([]);
  });
});
