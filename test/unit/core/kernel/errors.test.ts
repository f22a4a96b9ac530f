import { describe, expect, it } from 'vitest';
import {
  codeOf,
  GiveUpOnItem,
  Interrupted,
  isFileError,
  messageOf,
  StopTheRun,
  withoutCodes,
  WinnowError,
} from '../../../../src/core/kernel/errors.ts';

describe('winnow errors', () => {
  it('carry a code, a cause and the name of their class', () => {
    const cause = new Error('disk');
    const error = new StopTheRun('Expected room but there is none', { code: 'disk-full', cause });
    expect(error).toBeInstanceOf(WinnowError);
    expect([error.name, error.code, error.cause, error.message]).toEqual([
      'StopTheRun',
      'disk-full',
      cause,
      'Expected room but there is none',
    ]);
  });

  it('have no cause property if no cause was given', () => {
    expect(Object.hasOwn(new GiveUpOnItem('x', { code: 'y' }), 'cause')).toBe(false);
    expect(new Interrupted()).toMatchObject({ code: 'interrupted', message: 'Interrupted' });
  });
});

it('messageOf returns a message for any thrown value', () => {
  expect([new RangeError('too far'), 'plain', undefined, 7].map(messageOf)).toEqual([
    'too far',
    'plain',
    'undefined',
    '7',
  ]);
});

describe('codeOf', () => {
  it('returns the code of a system error or a winnow error', () => {
    expect(codeOf(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT');
    expect(codeOf(new GiveUpOnItem('x', { code: 'unreadable' }))).toBe('unreadable');
  });

  it.each([null, undefined, 'ENOENT', 5, {}, { code: 7 }, new Error('x')])('returns undefined for %j', (thrown) => {
    expect(codeOf(thrown)).toBeUndefined();
  });
});

it.each([
  [
    "cannot be read: ENOENT: no such file or directory, open '/x/a.csv'",
    "cannot be read: no such file or directory: '/x/a.csv'",
  ],
  [
    "Cannot read '/x/a': EACCES: permission denied, scandir '/x/a'. Check it",
    "Cannot read '/x/a': permission denied. Check it",
  ],
  ['but received ENOTDIR: not a directory. Check the path.', 'but received not a directory. Check the path.'],
  ["EXDEV: cross-device link not permitted, rename '/a' -> '/b'", "cross-device link not permitted: '/a'"],
  ['Expected EOF: nothing', 'Expected EOF: nothing'],
])('people read errors of the system in words: %s', (text, expected) => {
  expect(withoutCodes(text)).toBe(expected);
});

it('an error about a file is told from defects and from lost connections', () => {
  const details = { code: 'ENOENT', syscall: 'open', path: '/x' };
  expect(isFileError(Object.assign(new Error("ENOENT: no such file or directory, open '/x'"), details))).toBe(true);
  expect(isFileError(new TypeError('x is not a function'))).toBe(false);
});
