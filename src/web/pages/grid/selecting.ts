import { signOf } from '../review/keys.ts';
import { cursorAfter } from './layout.ts';
import { clickedOn, extendedTo, movedTo, toggledAt } from './selection.ts';
import type { TileSheet } from './tile-sheet.ts';

const LONG_PRESS_MS = 500;

/** Mouse and touch handlers for the element that has the tiles. The browser cancels the pointer of a touch that scrolls. */
export function pointerHandlers(sheet: TileSheet) {
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
        sheet.tapMode.value = 'range';
        sheet.select(toggledAt(sheet.selection, position));
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
      const mode = sheet.tapMode.value;
      const { selection, page } = sheet;
      if (mode === 'range') sheet.tapMode.value = 'several';
      if (event.shiftKey || mode === 'range') sheet.select(extendedTo(selection, position));
      else if (mode === 'several' || isToggle(event, sheet)) sheet.select(toggledAt(selection, position));
      else if (page.click === 'select') sheet.select(clickedOn(position));
      else {
        sheet.select(movedTo(selection, position));
        page.open(position);
      }
    },
    onDblClick: (event: MouseEvent): void => {
      const position = positionOf(event);
      const isFirst = sheet.page.click === 'select' && sheet.tapMode.value === 'one';
      if (position !== null && isFirst && !isOnBox(event)) sheet.page.open(position);
    },
  };
}

function isToggle(event: MouseEvent, { page, selection }: TileSheet): boolean {
  const isSelecting = page.click === 'open' && selection.spans.length > 0;
  return event.ctrlKey || event.metaKey || isOnBox(event) || isSelecting;
}

function isOnBox({ target }: Event): boolean {
  return target instanceof Element && target.closest('.tick') !== null;
}

function positionOf({ target }: Event): number | null {
  const tile = target instanceof Element ? target.closest<HTMLElement>('[data-position]') : null;
  return tile === null ? null : Number(tile.dataset['position']);
}

/** Moves the cursor or changes the selection. Shift extends the range. Returns false if the key does neither. */
export function selectByKey(event: KeyboardEvent, sheet: TileSheet): boolean {
  const { key, shiftKey, ctrlKey, altKey, metaKey } = event;
  const { selection, count } = sheet;
  const isPlain = !ctrlKey && !altKey && !metaKey;
  const cursor = isPlain ? cursorAfter(signOf(event), { cursor: selection.cursor, count, ...sheet.shape }) : null;
  if (key === 'Escape') sheet.clear();
  else if (count === 0) return false;
  else if (key === ' ') sheet.select(toggledAt(selection, selection.cursor));
  else if (cursor === null) return false;
  else sheet.select(shiftKey ? extendedTo(selection, cursor) : movedTo(selection, cursor));
  return key !== 'Escape';
}
