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

/** Rows rendered above and below the visible ones. */
const OVERSCAN = 3;

interface RowsOptions {
  readonly scroller: RefObject<HTMLElement>;
  /** The element that contains the rows. The scroller may have other content above it. */
  readonly list: RefObject<HTMLElement>;
  readonly count: number;
  readonly rowHeight: number;
  /** This row is always rendered, so that scrolling away does not lose the keyboard focus. */
  readonly keptRow: number;
}

export interface VirtualRows {
  readonly rows: readonly (VirtualItem & { readonly top: number })[];
  /** Height of all rows in CSS pixels. */
  readonly height: number;
  readonly rowsInView: number;
  readonly firstRowInView: number;
  /** Scrolls a row into view, by default as little as possible. */
  readonly show: (row: number, align?: 'auto' | 'start' | 'center') => void;
}

/** The visible rows of a long list. All rows have the same height. */
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
  // Methods for framework adapters.
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
    // The first row scrolls to the very top, so that content above it is visible.
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
