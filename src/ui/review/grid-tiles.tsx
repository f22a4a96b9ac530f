import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';
import type { Subject } from '../../review/events/event.ts';
import { layoutOf } from './grid-layout.ts';
import type { Grid } from './grid-model.ts';
import { Tile } from './grid-tile.tsx';
import { useVirtualRows } from './grid-virtual.ts';

interface TilesProps {
  readonly grid: Grid;
  readonly subjects: readonly Subject[];
}

/** The photos as tiles. Only the rows in view are in the document. */
export function Tiles({ grid, subjects }: TilesProps) {
  const { selection, desk, scroller } = grid;
  const list = useRef<HTMLDivElement>(null);
  const layout = useLayoutOf(list);
  const { columns, rowHeight } = layout;
  const rowCount = Math.ceil(subjects.length / columns);
  const cursorRow = Math.floor(selection.cursor / columns);
  const virtual = useVirtualRows({ scroller, list, count: rowCount, rowHeight, keptRow: cursorRow });
  const { rows, rowsInView } = virtual;
  grid.shape = { columns, rowsInView };
  const from = (rows[0]?.index ?? 0) * columns;
  const to = ((rows.at(-1)?.index ?? -1) + 1) * columns;
  useEffect(() => desk.want(subjects.slice(from, to)), [desk, subjects, from, to]);
  useStayInPlace(columns, virtual);
  useLayoutEffect(() => virtual.show(cursorRow), [selection.cursor, subjects]);
  useFocus(grid);
  return (
    <div
      ref={list}
      role="grid"
      class="tiles"
      aria-label="Photos"
      aria-multiselectable="true"
      aria-rowcount={rowCount}
      aria-colcount={columns}
      style={{ height: virtual.height }}
    >
      {rows.map(({ index, top }) => (
        <div
          key={index}
          role="row"
          class="tile-row"
          aria-rowindex={index + 1}
          style={{ transform: `translateY(${top}px)`, gap: layout.gap }}
        >
          {subjects.slice(index * columns, (index + 1) * columns).map((subject, column) => (
            <Tile key={column} {...{ grid, subject, layout, column }} position={index * columns + column} />
          ))}
        </div>
      ))}
    </div>
  );
}

/** The tile under the cursor takes the focus once after the cursor was moved. */
function useFocus(grid: Grid): void {
  useLayoutEffect(() => {
    if (!grid.takesFocus) return;
    document.querySelector<HTMLElement>(`#tile-${grid.selection.cursor}`)?.focus({ preventScroll: true });
    grid.takesFocus = false;
  });
}

/** Follows the width of the element and the size of the page's text. */
function useLayoutOf(list: RefObject<HTMLElement>): ReturnType<typeof layoutOf> {
  const [width, setWidth] = useState(960);
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return undefined;
    setWidth(element.clientWidth);
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return layoutOf(width, Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
}

/** When the window changes its width, the photos that were at its top stay there. */
function useStayInPlace(columns: number, { firstRowInView, show }: ReturnType<typeof useVirtualRows>): void {
  const before = useRef({ columns, position: 0 });
  useLayoutEffect(() => {
    if (before.current.columns === columns) {
      before.current = { columns, position: firstRowInView * columns };
      return;
    }
    show(Math.floor(before.current.position / columns), 'start');
    before.current = { ...before.current, columns };
  });
}
