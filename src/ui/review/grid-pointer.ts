import { cursorAfter } from './grid-layout.ts';
import type { Grid, TapMode } from './grid-model.ts';
import { clickedOn, extendedTo, movedTo, toggledAt, type Selection } from './selection.ts';

const LONG_PRESS_MS = 500;
/** A touch that moves farther is a scroll. */
const SLACK_PX = 10;

/** Mouse and touch handlers for the element that has the tiles. */
export function handlersOf(grid: Grid) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let start = { x: 0, y: 0 };
  let isTouch = false;
  let wasLong = false;
  const stop = (): void => clearTimeout(timer);
  return {
    onPointerDown: (event: PointerEvent): void => {
      isTouch = event.pointerType === 'touch';
      wasLong = false;
      start = { x: event.clientX, y: event.clientY };
      const position = positionOf(event);
      if (!isTouch || position === null) return;
      timer = setTimeout(() => {
        wasLong = true;
        grid.setTapMode('range');
        grid.select(toggledAt(grid.selection, position));
      }, LONG_PRESS_MS);
    },
    onPointerMove: ({ clientX, clientY }: PointerEvent): void => {
      if (Math.hypot(clientX - start.x, clientY - start.y) > SLACK_PX) stop();
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    onContextMenu: (event: Event): void => {
      if (isTouch) event.preventDefault();
    },
    onClick: (event: MouseEvent): void => {
      const position = positionOf(event);
      // A long press also ends with a click.
      if (position === null || wasLong) return;
      const mode = grid.tapMode;
      if (mode === 'range') grid.setTapMode('several');
      grid.select(clicked(grid.selection, position, { mode, event }));
    },
    onDblClick: (event: MouseEvent): void => {
      const position = positionOf(event);
      if (position !== null && grid.tapMode === 'one') grid.open(position);
    },
  };
}

function clicked(
  selection: Selection,
  position: number,
  { mode, event: { shiftKey, ctrlKey, metaKey } }: { readonly mode: TapMode; readonly event: MouseEvent },
): Selection {
  if (shiftKey || mode === 'range') return extendedTo(selection, position);
  if (ctrlKey || metaKey || mode === 'several') return toggledAt(selection, position);
  return clickedOn(position);
}

/** The position of the event's tile; `null` if it is on none. */
function positionOf({ target }: Event): number | null {
  const tile = target instanceof Element ? target.closest<HTMLElement>('[data-position]') : null;
  return tile === null ? null : Number(tile.dataset['position']);
}

/** Moves the cursor or changes the selection. Returns false if the key does neither. */
export function selectByKey(event: KeyboardEvent, grid: Grid): boolean {
  const moved = movedBy(event, grid);
  if (moved !== null) grid.select(moved);
  else if (event.key === ' ') grid.toggle();
  else if (event.key === 'Escape') grid.clear();
  return moved !== null || event.key === ' ';
}

/** The selection after a key; `null` if the key does not move the cursor. Shift extends the range. */
function movedBy({ key, shiftKey, ctrlKey, altKey, metaKey }: KeyboardEvent, grid: Grid): Selection | null {
  if (ctrlKey || altKey || metaKey) return null;
  const { selection, count, shape } = grid;
  const cursor = cursorAfter(key, { cursor: selection.cursor, count, ...shape });
  if (cursor === null) return null;
  return shiftKey ? extendedTo(selection, cursor) : movedTo(selection, cursor);
}
