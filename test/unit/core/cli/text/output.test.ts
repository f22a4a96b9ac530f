import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { plural, shellWord } from '../../../../../src/core/cli/text/output.ts';
import { tableText } from '../../../../../src/core/cli/text/table.ts';

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

  it('lines up however many rows there are', () => {
    const rows = Array.from({ length: 1_234 }, (_, i) => [`query ${i}`, i, 'free']);
    rows[1_200] = ['蜻蛉 of the largest kind, 蜻蛉', 81_413, 'free'];
    const lines = tableText(['query', 'kept', 'state'], rows).trimEnd().split('\n');
    // The two characters that are written twice are two columns wide.
    expect(lines.map((line) => `${line.replaceAll('蜻蛉', '....').length} ${line.split(/ {2,}/).length}`)).toEqual(
      Array.from({ length: 1_235 }, (_, i) => (i === 0 ? '45 3' : '44 3')),
    );
    expect([lines[0], lines[1], lines[1_201]]).toEqual([
      'query                             kept  state',
      'query 0                              0  free',
      '蜻蛉 of the largest kind, 蜻蛉  81,413  free',
    ]);
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
});

it('plural counts one and many', () => {
  expect([plural(1, 'photo'), plural(0, 'photo'), plural(2, 'class', 'classes')]).toEqual([
    '1 photo',
    '0 photos',
    '2 classes',
  ]);
});
