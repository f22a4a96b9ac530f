import { cursorAfter } from './grid-layout.ts';
import type { Grid } from './grid-model.ts';
import { commandOf, isForPage, repeats, type Command } from './keys.ts';
import { extendedTo, movedTo, type Selection } from './selection.ts';

/** Commands that move the cursor, as the key that does it by default. */
const MOVES: Readonly<Partial<Record<Command, string>>> = {
  left: 'ArrowLeft',
  right: 'ArrowRight',
  up: 'ArrowUp',
  down: 'ArrowDown',
  'extend-left': 'ArrowLeft',
  'extend-right': 'ArrowRight',
  'extend-up': 'ArrowUp',
  'extend-down': 'ArrowDown',
};
/** Keys that move the cursor in every list. They cannot be changed. */
const FIXED = new Set(['Home', 'End', 'PageUp', 'PageDown', 'j', 'k']);

/** Listens to the keys of the grid wherever the focus is, unless somebody types into a field. Returns what ends it. */
export function listenToKeys(grid: Grid): () => void {
  const press = (event: KeyboardEvent): void => {
    if (isForPage(event) && handle(event, grid)) event.preventDefault();
  };
  addEventListener('keydown', press);
  return () => removeEventListener('keydown', press);
}

/** Whether the key means something here. */
function handle(event: KeyboardEvent, grid: Grid): boolean {
  const command = commandOf(event, grid.session.keys, 'grid');
  const moved = movedBy(event, command, grid);
  if (moved !== null) grid.select(moved);
  else if (command !== null && (!event.repeat || repeats(command))) grid.run(command);
  else if (event.key === ' ') grid.toggle();
  else if (event.key === 'Escape') grid.clear();
  return moved !== null || command !== null || event.key === ' ';
}

/** Null if the key does not move the cursor. */
function movedBy(event: KeyboardEvent, command: Command | null, grid: Grid): Selection | null {
  const isFixed = command === null && !event.ctrlKey && !event.altKey && !event.metaKey && FIXED.has(event.key);
  const key = command === null ? (isFixed ? event.key : null) : (MOVES[command] ?? null);
  if (key === null) return null;
  const { selection, count, shape } = grid;
  const cursor = cursorAfter(key, { cursor: selection.cursor, count, ...shape });
  if (cursor === null) return null;
  const isRange = command === null ? event.shiftKey : command.startsWith('extend-');
  return isRange ? extendedTo(selection, cursor) : movedTo(selection, cursor);
}
