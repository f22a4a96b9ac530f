import { describe, expect, it } from 'vitest';
import { oneLine, printable } from '../../../src/kernel/printable.ts';

describe('a text from outside', () => {
  it('cannot send a terminal anything but text', () => {
    expect(printable('a\u001b[2Jb\u009b1mc\rd\u0007e\u007f')).toBe(
      String.raw`a\u001b[2Jb\u009b1mc\u000dd\u0007e\u007f`,
    );
  });

  it('cannot reorder a line, while scripts written from right to left stay as they are', () => {
    expect(printable('\u202egpj.exe')).toBe(String.raw`\u202egpj.exe`);
    expect(printable('צילום 鳥 🐟')).toBe('צילום 鳥 🐟');
  });

  it('stays the same JSON', () => {
    const value = { text: 'a\u009bb\u007f\u202e\u001b\n' };
    expect(JSON.parse(printable(JSON.stringify(value)))).toEqual(value);
  });

  it('stays in its line', () => {
    expect(oneLine('two\nlines\tand more')).toBe(String.raw`two\nlines\tand more`);
    expect(printable('two\nlines\n')).toBe('two\nlines\n');
  });
});
