import { cursorAfter } from './grid-layout.ts';
import type { Grid } from './grid-model.ts';
import { extendedTo, movedTo, type Selection } from './selection.ts';

/** Moves the cursor or changes the selection. Returns whether the key does that. */
export function selectByKey(event: KeyboardEvent, grid: Grid): boolean {
  const moved = movedBy(event, grid);
  if (moved !== null) grid.select(moved);
  else if (event.key === ' ') grid.toggle();
  else if (event.key === 'Escape') grid.clear();
  return moved !== null || event.key === ' ';
}

/** Null if the key does not move the cursor. With Shift it moves the end of a range. */
function movedBy({ key, shiftKey, ctrlKey, altKey, metaKey }: KeyboardEvent, grid: Grid): Selection | null {
  if (ctrlKey || altKey || metaKey) return null;
  const { selection, count, shape } = grid;
  const cursor = cursorAfter(key, { cursor: selection.cursor, count, ...shape });
  if (cursor === null) return null;
  return shiftKey ? extendedTo(selection, cursor) : movedTo(selection, cursor);
}
