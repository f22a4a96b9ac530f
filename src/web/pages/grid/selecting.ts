import { cursorAfter } from './layout.ts';
import { clickedOn, extendedTo, movedTo, toggledAt, type Selection } from './selection.ts';

/** How taps select. `range`: the next tap ends a range. */
export type TapMode = 'one' | 'several' | 'range';

/** A page whose tiles can be selected. */
export interface Selecting {
  readonly selection: Selection;
  readonly count: number;
  readonly shape: { readonly columns: number; readonly rowsInView: number };
  readonly tapMode: TapMode;
  setTapMode(mode: TapMode): void;
  select(selection: Selection): void;
  clear(): void;
  open(position: number): void;
}

const LONG_PRESS_MS = 500;

/** Mouse and touch handlers for the element that has the tiles. The browser cancels the pointer of a touch that scrolls. */
export function pointerHandlers(desk: Selecting) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isTouch = false;
  let wasLong = false;
  const stop = (): void => clearTimeout(timer);
  return {
    onPointerDown: (event: PointerEvent): void => {
      isTouch = event.pointerType === 'touch';
      wasLong = false;
      const position = positionOf(event);
      if (!isTouch || position === null) return;
      timer = setTimeout(() => {
        wasLong = true;
        desk.setTapMode('range');
        desk.select(toggledAt(desk.selection, position));
      }, LONG_PRESS_MS);
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
      const mode = desk.tapMode;
      const { selection } = desk;
      if (mode === 'range') desk.setTapMode('several');
      if (event.shiftKey || mode === 'range') desk.select(extendedTo(selection, position));
      else if (event.ctrlKey || event.metaKey || mode === 'several') desk.select(toggledAt(selection, position));
      else desk.select(clickedOn(position));
    },
    onDblClick: (event: MouseEvent): void => {
      const position = positionOf(event);
      if (position !== null && desk.tapMode === 'one') desk.open(position);
    },
  };
}

function positionOf({ target }: Event): number | null {
  const tile = target instanceof Element ? target.closest<HTMLElement>('[data-position]') : null;
  return tile === null ? null : Number(tile.dataset['position']);
}

/** Moves the cursor or changes the selection. Shift extends the range. Returns false if the key does neither. */
export function selectByKey({ key, shiftKey, ctrlKey, altKey, metaKey }: KeyboardEvent, desk: Selecting): boolean {
  const { selection, count } = desk;
  const isPlain = !ctrlKey && !altKey && !metaKey;
  const cursor = isPlain ? cursorAfter(key, { cursor: selection.cursor, count, ...desk.shape }) : null;
  if (key === 'Escape') desk.clear();
  else if (count === 0) return false;
  else if (key === ' ') desk.select(toggledAt(selection, selection.cursor));
  else if (cursor === null) return false;
  else desk.select(shiftKey ? extendedTo(selection, cursor) : movedTo(selection, cursor));
  return key !== 'Escape';
}
