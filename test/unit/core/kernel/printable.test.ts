import { describe, expect, it } from 'vitest';
import { oneLine, printable, withoutFolders } from '../../../../src/core/kernel/printable.ts';

describe('an escaped text', () => {
  it('contains no terminal control codes', () => {
    expect(printable('a\u001b[2Jb\u009b1mc\rd\u0007e\u007f')).toBe(
      String.raw`a\u001b[2Jb\u009b1mc\u000dd\u0007e\u007f`,
    );
  });

  it('contains no bidirectional controls, and keeps right-to-left scripts', () => {
    expect(printable('\u202egpj.exe')).toBe(String.raw`\u202egpj.exe`);
    expect(printable('צילום 鳥 🐟')).toBe('צילום 鳥 🐟');
  });

  it('means the same as JSON', () => {
    const value = { text: 'a\u009bb\u007f\u202e\u001b\n' };
    expect(JSON.parse(printable(JSON.stringify(value)))).toEqual(value);
  });

  it('stays on one line', () => {
    expect(oneLine('two\nlines\tand more')).toBe(String.raw`two\nlines\tand more`);
    expect(printable('two\nlines\n')).toBe('two\nlines\n');
  });
});

it.each([
  ['file:///home/ann/photos/cat.jpg', 'cat.jpg'],
  ["EACCES: permission denied, open '/home/ann/cat.jpg'", "EACCES: permission denied, open 'cat.jpg'"],
  ['/srv/data/blobs/ab/abcd and /etc/passwd', 'abcd and passwd'],
  ['https://example.org/a/b.jpg answered 404', 'https://example.org/a/b.jpg answered 404'],
  ['expected 3/4 of it', 'expected 3/4 of it'],
])('of %j a viewer sees %j', (text, shown) => {
  expect(withoutFolders(text)).toBe(shown);
});
