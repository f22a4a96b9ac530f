import { cursorAfter } from './grid-layout.ts';
import type { Grid } from './grid-model.ts';
import { commandOf, isForPage, repeats } from './keys.ts';
import { extendedTo, movedTo, type Selection } from './selection.ts';

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
  const moved = movedBy(event, grid);
  const command = commandOf(event, 'grid');
  if (moved !== null) grid.select(moved);
  else if (command !== null && (!event.repeat || repeats(command))) grid.run(command);
  else if (event.key === ' ') grid.toggle();
  else if (event.key === 'Escape') grid.clear();
  return moved !== null || command !== null || event.key === ' ';
}

/** Null if the key does not move the cursor. With Shift it moves the end of a range. */
function movedBy({ key, shiftKey, ctrlKey, altKey, metaKey }: KeyboardEvent, grid: Grid): Selection | null {
  if (ctrlKey || altKey || metaKey) return null;
  const { selection, count, shape } = grid;
  const cursor = cursorAfter(key, { cursor: selection.cursor, count, ...shape });
  if (cursor === null) return null;
  return shiftKey ? extendedTo(selection, cursor) : movedTo(selection, cursor);
}
