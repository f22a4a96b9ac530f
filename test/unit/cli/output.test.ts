import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { plural, shellWord, tableText } from '../../../src/cli/output.ts';

describe('tableText', () => {
  it('puts two spaces between columns, numbers to the right, and nothing at the end of a line', () => {
    const rows = [
      ['lion', 1_234, 'cougar'],
      ["yellow lady's slipper", 7, ''],
    ];
    expect(tableText(['class', 'kept', 'taken for'], rows)).toBe(
      [
        'class                   kept  taken for',
        'lion                   1,234  cougar',
        "yellow lady's slipper      7",
        '',
      ].join('\n'),
    );
  });

  it('is no wider for the heads of columns without rows', () => {
    expect(tableText(['wnid', 'class'], [])).toBe('wnid  class\n');
  });
});

describe('shellWord', () => {
  it.each(['data/demo', 'n02129165', 'a b', "it's", '$HOME `id` "x" \\ *', '', 'Zürich', 'two\nlines'])(
    'gives %j to a shell so that it comes out the same',
    (text) => {
      const script = `printf %s ${shellWord(text)}`;
      expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(text);
    },
  );

  it('leaves plain words as they are', () => {
    expect(shellWord('./data/demo-1.x')).toBe('./data/demo-1.x');
  });
});

describe('plural', () => {
  it('counts one and many', () => {
    expect([plural(1, 'photo'), plural(0, 'photo'), plural(2, 'class', 'classes')]).toEqual([
      '1 photo',
      '0 photos',
      '2 classes',
    ]);
  });
});
