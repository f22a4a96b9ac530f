import type { Judgement } from '../../../core/review/events/event.ts';
import type { RejectReason } from '../../../core/kernel/reasons.ts';

type Scope = 'single' | 'grid' | 'both';

interface CommandRow {
  readonly text: string;
  readonly keys: readonly string[];
  readonly scope: Scope;
}

const single = (text: string, ...keys: string[]): CommandRow => ({ text, keys, scope: 'single' });
const grid = (text: string, ...keys: string[]): CommandRow => ({ text, keys, scope: 'grid' });
const both = (text: string, ...keys: string[]): CommandRow => ({ text, keys, scope: 'both' });

/**
 * The keys of all commands. A key is the character it types (`a`, `?`) or its name (`ArrowLeft`, `Space`), after `Ctrl+` and
 * `Shift+`. Shift counts for letters and named keys only, because `?` and `1` need it on some keyboards.
 */
export const KEY_COMMANDS = {
  accept: both('Accept', 'a'),
  reject: both('Reject without a reason', 'x'),
  'reject-1': both('Reject for reason 1', '1'),
  'reject-2': both('Reject for reason 2', '2'),
  'reject-3': both('Reject for reason 3', '3'),
  'reject-4': both('Reject for reason 4', '4'),
  'reject-5': both('Reject for reason 5', '5'),
  'reject-6': both('Reject for reason 6', '6'),
  'reject-7': both('Reject for reason 7', '7'),
  'reject-8': both('Reject for reason 8', '8'),
  'reject-9': both('Reject for reason 9', '9'),
  unsure: both('Unsure', 'u'),
  undo: both('Undo', 'Backspace', 'Ctrl+z'),
  redo: both('Redo', 'Ctrl+Shift+z'),
  next: single('Next photo', 'ArrowRight', 'ArrowDown', 'j'),
  previous: single('Photo before', 'ArrowLeft', 'ArrowUp', 'k'),
  flag: both('Flag, or take the flag off', 'f'),
  also: both('Other classes that are visible', 'e'),
  tags: both('Tags', 't'),
  note: both('Note', 'n'),
  view: both('Grid or single photo', 'g'),
  leave: single('Back to the grid', 'Escape'),
  mine: both('My verdicts in the grid', 'v'),
  references: single('Reference photos of the class searched', 'r'),
  'predicted-references': single('Reference photos of the predicted class', 'Shift+r'),
  heatmap: single('Heatmap: class searched, predicted class, off', 'h'),
  crops: single('Crops that the models see', 'c'),
  zoom: single('Zoom to 1:1 while held', 'Space'),
  fit: single('Fit the photo into the page', '0'),
  filter: both('Filter', '/'),
  keys: both('Keys', '?'),
  move: grid('Move', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'),
  extend: grid('Select a range', 'Shift+ArrowLeft', 'Shift+ArrowRight', 'Shift+ArrowUp', 'Shift+ArrowDown'),
  'select-all': grid('Select all photos of the filter', 'Ctrl+a'),
  open: grid('Show the photo alone', 'Enter'),
} as const satisfies Readonly<Record<string, CommandRow>>;

export type KeyCommand = keyof typeof KEY_COMMANDS;
export type KeyHandlers = Readonly<Partial<Record<KeyCommand, () => void>>>;
export const COMMAND_NAMES: readonly KeyCommand[] = Object.keys(KEY_COMMANDS).filter(isCommand);

function isCommand(text: string): text is KeyCommand {
  return Object.hasOwn(KEY_COMMANDS, text);
}

const ROWS: Readonly<Record<KeyCommand, CommandRow>> = KEY_COMMANDS;

export const REJECTS: readonly KeyCommand[] = COMMAND_NAMES.filter((name) => name.startsWith('reject-'));

export function reasonOf(command: KeyCommand, reasons: readonly RejectReason[]): RejectReason | undefined {
  return reasons[REJECTS.indexOf(command)];
}

export function judgementOfCommand(command: KeyCommand, reasons: readonly RejectReason[]): Judgement | null {
  if (command === 'accept' || command === 'reject' || command === 'unsure') return { verdict: command, reason: null };
  const reason = reasonOf(command, reasons);
  return reason === undefined ? null : { verdict: 'reject', reason };
}

export function keysOf(command: KeyCommand): readonly string[] {
  return ROWS[command].keys;
}

export interface PressedKey {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
}

const LETTER = /^\p{L}$/u;
const SIGN = /^\S$/u;

const WITHOUT_LATIN = /^(?:(?!\p{Script=Latin})[\p{L}\p{M}])+$|^؟$/u;

/** The sign of a key. On a layout without Latin letters it is that of an American keyboard in the same place. */
export function signOf({ key, code, shiftKey }: Pick<PressedKey, 'key' | 'code' | 'shiftKey'>): string {
  if (!WITHOUT_LATIN.test(key)) return key;
  if (code === 'Slash') return shiftKey ? '?' : '/';
  return /^Key([A-Z])$/.exec(code)?.[1]?.toLowerCase() ?? key;
}

/** The name of a pressed key as in `KEY_COMMANDS`; `null` with Alt. ⌘ counts as Ctrl. */
export function keyName(pressed: PressedKey): string | null {
  const { ctrlKey, shiftKey, altKey, metaKey } = pressed;
  if (altKey) return null;
  const key = signOf(pressed);
  const isLetter = LETTER.test(key);
  const isSign = SIGN.test(key) && !isLetter;
  const named = key === ' ' ? 'Space' : key;
  const base = isLetter ? key.toLowerCase() : named;
  return `${ctrlKey || metaKey ? 'Ctrl+' : ''}${shiftKey && !isSign ? 'Shift+' : ''}${base}`;
}

export function commandOf(pressed: PressedKey, view: 'single' | 'grid'): KeyCommand | null {
  const name = keyName(pressed);
  if (name === null) return null;
  return commandAt(name, view) ?? commandAt(digitOf(pressed) ?? '', view);
}

/** French keyboards need Shift for the digits above the letters. We also accept those keys without Shift. */
export function digitOf({ key, code, ctrlKey, shiftKey, altKey, metaKey }: PressedKey): string | null {
  if (ctrlKey || altKey || metaKey) return null;
  return /^\d$/.test(key) ? key : shiftKey ? null : (/^Digit(\d)$/.exec(code)?.[1] ?? null);
}

function commandAt(name: string, view: 'single' | 'grid'): KeyCommand | null {
  return COMMAND_NAMES.find((command) => isIn(command, view) && keysOf(command).includes(name)) ?? null;
}

export function isIn(command: KeyCommand, view: 'single' | 'grid'): boolean {
  const { scope } = ROWS[command];
  return scope === 'both' || scope === view;
}

export function repeats(command: KeyCommand): boolean {
  return command === 'next' || command === 'previous';
}

const SIGNS: Readonly<Record<string, string>> = {
  Backspace: '⌫',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Space: 'space',
};

/** The key for display: `⌫`, `Ctrl Shift Z`, `a`. */
export function keyText(key: string): string {
  const parts = key.split('+');
  const base = parts.at(-1) ?? '';
  const shown = SIGNS[base] ?? (parts.length > 1 && base.length === 1 ? base.toUpperCase() : base);
  return [...parts.slice(0, -1), shown].join(' ');
}

export function keyHint(command: KeyCommand): string {
  return keyText(keysOf(command)[0] ?? '');
}

/**
 * True unless the event is already handled, the focused element takes the key, or a dialog or a text field is open. Where a text
 * is written, the focus may be elsewhere, for example after a click on the photo. Then keys do nothing.
 */
export function isForPage(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.isComposing) return false;
  if (document.querySelector('dialog[open], textarea') !== null) return false;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('input, textarea, select, [contenteditable]') != null) return false;
  // Space and Enter press the button or link that has the focus.
  return !([' ', 'Enter'].includes(event.key) && target?.closest('button, a, summary') != null);
}
