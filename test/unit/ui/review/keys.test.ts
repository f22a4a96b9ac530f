import { describe, expect, it } from 'vitest';
import {
  COMMAND_NAMES,
  commandOf,
  isIn,
  keyName,
  keysOf,
  keyText,
  type PressedKey,
} from '../../../../src/ui/review/keys.ts';

function press(key: string, more: Partial<PressedKey> = {}): PressedKey {
  return { key, code: '', ctrlKey: false, shiftKey: false, altKey: false, metaKey: false, ...more };
}

const single = (key: string, more: Partial<PressedKey> = {}) => commandOf(press(key, more), 'single');
const grid = (key: string, more: Partial<PressedKey> = {}) => commandOf(press(key, more), 'grid');

describe('the keys of the review', () => {
  it('have the commands of the contract', () => {
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
    expect(grid('ArrowLeft', { shiftKey: true })).toBe('extend');
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
    for (const view of ['single', 'grid'] as const) {
      const keys = COMMAND_NAMES.filter((name) => isIn(name, view)).flatMap(keysOf);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it('are shown as people read them', () => {
    expect(['Backspace', 'Ctrl+Shift+z', 'a', 'Space', 'Shift+ArrowUp'].map(keyText)).toEqual([
      '⌫',
      'Ctrl Shift Z',
      'a',
      'space',
      'Shift ↑',
    ]);
    expect(keyName(press('ä'))).toBe('ä');
  });
});
