import { expect, it } from 'vitest';
import { COMMAND_NAMES, commandOf, isIn, keysOf, keyText } from '../../../../../src/web/pages/review/keys.ts';

const NO_MODIFIERS = { ctrlKey: false, shiftKey: false, altKey: false, metaKey: false };

/** `Ctrl+Shift+Z` as the browser reports it, on the key with this code. */
function press(text: string, code = '') {
  const parts = text.split('+');
  const held = parts.slice(0, -1).map((name) => [`${name.toLowerCase()}Key`, true]);
  return { ...NO_MODIFIERS, ...Object.fromEntries(held), key: parts.at(-1) ?? '', code };
}

it.each([
  ['a', 'accept'],
  ['x', 'reject'],
  ['1', 'reject-1'],
  ['9', 'reject-9'],
  ['u', 'unsure'],
  ['Backspace', 'undo'],
  ['Ctrl+z', 'undo'],
  ['Ctrl+Shift+Z', 'redo'],
  ['f', 'flag'],
  ['t', 'tags'],
  ['n', 'note'],
  ['g', 'view'],
  ['r', 'references'],
  ['Shift+R', 'predicted-references'],
  ['h', 'heatmap'],
  ['c', 'crops'],
  [' ', 'zoom'],
  ['0', 'fit'],
  ['/', 'filter'],
  ['?', 'keys'],
  ['ArrowLeft', 'previous'],
  ['k', 'previous'],
  ['ArrowRight', 'next'],
  ['j', 'next'],
  // Combinations that are not in the table are for the browser.
  ['Ctrl+a', null],
  ['Alt+a', null],
  ['Meta+a', null],
  ['Ctrl+r', null],
  ['Shift+Shift', null],
  // Signs may need Shift. Caps lock makes capitals without it.
  ['Shift+?', 'keys'],
  ['Shift+/', 'filter'],
  ['Shift+1', 'reject-1'],
  ['A', 'accept'],
])('the key %s is for the command %s of the single view', (key, expected) => {
  expect(commandOf(press(key), 'single')).toBe(expected);
});

it.each([
  ['single', '&', 'Digit1', 'reject-1'],
  ['single', 'Shift+!', 'Digit1', null],
  ['grid', 'Shift+ArrowLeft', '', 'extend'],
  ['grid', 'Ctrl+a', '', 'select-all'],
  ['grid', 'Meta+a', 'KeyA', 'select-all'],
  ['single', 'Meta+z', 'KeyZ', 'undo'],
  ['single', 'Meta+1', 'Digit1', null],
  // Russian, Arabic, Hebrew, Thai and Korean keyboards.
  ['single', 'ф', 'KeyA', 'accept'],
  ['single', 'Ctrl+я', 'KeyZ', 'undo'],
  ['single', 'Shift+К', 'KeyR', 'predicted-references'],
  ['single', 'لا', 'KeyB', null],
  ['single', 'ش', 'KeyA', 'accept'],
  ['single', 'ظ', 'Slash', 'filter'],
  ['single', 'Shift+؟', 'Slash', 'keys'],
  ['single', '/', 'KeyQ', 'filter'],
  ['single', 'ั', 'KeyY', null],
  ['single', 'ๅ', 'Digit1', 'reject-1'],
  ['single', 'ㅁ', 'KeyA', 'accept'],
  // On Latin keyboards the letter counts, wherever it is.
  ['single', 'q', 'KeyA', null],
  ['single', 'é', 'KeyA', null],
  ['single', '-', 'Slash', null],
] as const)('in the %s view the key %s (%s) is for the command %s', (...[view, key, code, expected]) => {
  expect(commandOf(press(key, code), view)).toBe(expected);
});

it.each(['single', 'grid'] as const)('no two commands of the %s view share a key', (view) => {
  const keys = COMMAND_NAMES.filter((name) => isIn(name, view)).flatMap(keysOf);
  expect(new Set(keys).size).toBe(keys.length);
});

it('keys are shown as people read them', () => {
  const shown = ['Backspace', 'Ctrl+Shift+z', 'a', 'Space', 'Shift+ArrowUp'].map(keyText);
  expect(shown).toEqual(['⌫', 'Ctrl Shift Z', 'a', 'space', 'Shift ↑']);
});
