import { describe, expect, it } from 'vitest';
import {
  COMMAND_NAMES,
  commandOf,
  conflictOf,
  DEFAULT_KEYS,
  keyName,
  keysIn,
  keysOf,
  keyText,
  withKey,
  type PressedKey,
} from '../../../../src/ui/review/keys.ts';

function press(key: string, more: Partial<PressedKey> = {}): PressedKey {
  return { key, code: '', ctrlKey: false, shiftKey: false, altKey: false, metaKey: false, ...more };
}

const single = (key: string, more: Partial<PressedKey> = {}) => commandOf(press(key, more), DEFAULT_KEYS, 'single');
const grid = (key: string, more: Partial<PressedKey> = {}) => commandOf(press(key, more), DEFAULT_KEYS, 'grid');

describe('the keys of the review', () => {
  it('have the commands of the contract by default', () => {
    expect(
      ['a', 'x', '1', '9', 'u', 'Backspace', 'f', 't', 'n', 'g', 'r', 'h', 'c', ' ', '0', '/', '?'].map((key) =>
        single(key),
      ),
    ).toEqual([
      'accept',
      'reject',
      'reject-1',
      'reject-9',
      'unsure',
      'undo',
      'flag',
      'tags',
      'note',
      'view',
      'references',
      'heatmap',
      'crops',
      'zoom',
      'fit',
      'filter',
      'keys',
    ]);
    expect(['ArrowLeft', 'k', 'ArrowRight', 'j'].map((key) => single(key))).toEqual([
      'previous',
      'previous',
      'next',
      'next',
    ]);
    expect(single('z', { ctrlKey: true })).toBe('undo');
    expect(single('Z', { ctrlKey: true, shiftKey: true })).toBe('redo');
    expect(single('R', { shiftKey: true })).toBe('predicted-references');
    expect(grid('ArrowLeft', { shiftKey: true })).toBe('extend-left');
    expect(grid('a', { ctrlKey: true })).toBe('select-all');
  });

  it('leave combinations to the browser that are not in the table', () => {
    expect(single('a', { ctrlKey: true })).toBeNull();
    expect(single('a', { altKey: true })).toBeNull();
    expect(single('a', { metaKey: true })).toBeNull();
    expect(single('r', { ctrlKey: true })).toBeNull();
    expect(single('Shift', { shiftKey: true })).toBeNull();
  });

  it('do not depend on the keyboard: signs may need Shift, digits may not', () => {
    expect(single('?', { shiftKey: true })).toBe('keys');
    expect(single('/', { shiftKey: true })).toBe('filter');
    expect(single('1', { shiftKey: true })).toBe('reject-1');
    expect(single('&', { code: 'Digit1' })).toBe('reject-1');
    expect(single('!', { code: 'Digit1', shiftKey: true })).toBeNull();
    // Caps lock makes capitals without Shift.
    expect(single('A')).toBe('accept');
  });

  it('never share a key where both commands work', () => {
    const shared = COMMAND_NAMES.flatMap((name) =>
      keysOf(DEFAULT_KEYS, name).flatMap((key) => conflictOf(name, key, DEFAULT_KEYS) ?? []),
    );
    expect(shared).toEqual([]);
  });

  it('say which command has a key already', () => {
    expect(conflictOf('accept', 'x', DEFAULT_KEYS)).toBe('reject');
    expect(conflictOf('accept', 'y', DEFAULT_KEYS)).toBeNull();
    // Arrows mean other things in the grid than for one photo.
    expect(conflictOf('next', 'Shift+ArrowRight', DEFAULT_KEYS)).toBeNull();
  });

  it('can be changed, and are read back from what is stored', () => {
    const keys = withKey(DEFAULT_KEYS, 'accept', 'y');
    expect([commandOf(press('y'), keys, 'single'), commandOf(press('a'), keys, 'single')]).toEqual(['accept', null]);
    expect(keysIn(JSON.stringify(keys))).toEqual(keys);
  });

  it('are the default ones if what is stored cannot be used', () => {
    for (const text of [null, '', '{', '3', '[]', '{"fly":["y"]}', '{"accept":[]}', '{"accept":["x"]}'])
      expect([text, keysIn(text)]).toEqual([text, {}]);
  });

  it('are shown as people read them', () => {
    expect(['Backspace', 'Ctrl+Shift+z', 'a', 'Space', 'Shift+ArrowUp', '+'].map(keyText)).toEqual([
      '⌫',
      'Ctrl Shift Z',
      'a',
      'space',
      'Shift ↑',
      '+',
    ]);
    expect(keyName(press('ä'))).toBe('ä');
  });
});
