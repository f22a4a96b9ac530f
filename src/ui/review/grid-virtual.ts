import {
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core';
import { useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

/** Rows above and below the window that are there before one scrolls to them. */
const OVERSCAN = 3;

interface RowsOptions {
  readonly scroller: RefObject<HTMLElement>;
  /** The element in which rows stand. Other content of the scroller may stand above it. */
  readonly list: RefObject<HTMLElement>;
  readonly count: number;
  readonly rowHeight: number;
  /** This row is always there, so that the keyboard's focus is not lost when one scrolls away. */
  readonly keptRow: number;
}

export interface VirtualRows {
  readonly rows: readonly (VirtualItem & { readonly top: number })[];
  /** Height of all rows in CSS pixels. */
  readonly height: number;
  readonly rowsInView: number;
  readonly firstRowInView: number;
  /** Scrolls as little as possible. */
  readonly show: (row: number, align?: 'auto' | 'start' | 'center') => void;
}

/** The rows of a long list that are in view. Rows have the same height. */
export function useVirtualRows({ scroller, list, count, rowHeight, keptRow }: RowsOptions): VirtualRows {
  const [, render] = useReducer((times: number) => times + 1, 0);
  const [margin, setMargin] = useState(0);
  const shown = useRef(rowHeight);
  const virtualizer = useMemo(() => new Virtualizer<HTMLElement, HTMLElement>(optionsNow()), []);
  virtualizer.setOptions(optionsNow());
  if (shown.current !== rowHeight) {
    shown.current = rowHeight;
    virtualizer.measure();
  }
  // The methods that adapters call.
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => virtualizer._didMount(), []);
  // oxlint-disable-next-line no-underscore-dangle
  useLayoutEffect(() => virtualizer._willUpdate());
  useLayoutEffect(() => {
    if (scroller.current === null || list.current === null) return;
    const tops = [list.current, scroller.current].map((element) => element.getBoundingClientRect().top);
    setMargin(Math.round((tops[0] ?? 0) - (tops[1] ?? 0) + scroller.current.scrollTop));
  });
  return {
    rows: virtualizer.getVirtualItems().map((item) => ({ ...item, top: item.start - margin })),
    height: virtualizer.getTotalSize(),
    rowsInView: Math.floor((virtualizer.scrollRect?.height ?? rowHeight) / rowHeight),
    firstRowInView: Math.max(0, Math.round(((virtualizer.scrollOffset ?? 0) - margin) / rowHeight)),
    // What stands above the first row belongs to it.
    show: (row, align = 'auto') =>
      row === 0 ? virtualizer.scrollToOffset(0) : virtualizer.scrollToIndex(row, { align }),
  };

  function optionsNow() {
    return {
      count,
      overscan: OVERSCAN,
      scrollMargin: margin,
      scrollPaddingStart: 8,
      scrollPaddingEnd: 8,
      getScrollElement: () => scroller.current,
      estimateSize: () => rowHeight,
      rangeExtractor: (range: Parameters<typeof defaultRangeExtractor>[0]) => {
        const rows = defaultRangeExtractor(range);
        return keptRow >= count || rows.includes(keptRow) ? rows : [...rows, keptRow].toSorted((a, b) => a - b);
      },
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => render(undefined),
    };
  }
}
