/** Where tiles stand. Lengths are in CSS pixels. */
export interface GridLayout {
  readonly columns: number;
  readonly tileWidth: number;
  readonly imageHeight: number;
  readonly rowHeight: number;
  readonly gap: number;
}

const CAPTION_REM = { 2: 3.1, 3: 4.4 } as const;
/** The width of tiles: a share of the usual one. */
const SIZES = { small: 0.7, medium: 1, large: 2 } as const;
export type TileSize = keyof typeof SIZES;
/** Lines of text below a picture. */
export type CaptionLines = keyof typeof CAPTION_REM;

const SMALLEST_TILE_REM = { narrow: 8, wide: 10.5, huge: 14 } as const;
const NARROW_REM = 34;
const HUGE_REM = 130;
const GAP_REM = { narrow: 0.45, wide: 0.75 } as const;
const BORDERS = 2;

/**
 * At least two tiles in a row: so the page of 100,000 photos stays shorter than what browsers can scroll (Firefox: 17.9
 * million pixels). `rem` is the size of the page's text.
 */
export function layoutOf(
  width: number,
  rem: number,
  { size = 'medium', lines = 2 }: { readonly size?: TileSize; readonly lines?: CaptionLines } = {},
): GridLayout {
  const isNarrow = width < NARROW_REM * rem;
  const smallest = isNarrow ? 'narrow' : width > HUGE_REM * rem ? 'huge' : 'wide';
  const gap = Math.round(GAP_REM[isNarrow ? 'narrow' : 'wide'] * rem);
  const least = SMALLEST_TILE_REM[smallest] * SIZES[size] * rem;
  const columns = Math.max(2, Math.floor((width + gap) / (least + gap)));
  const tileWidth = Math.max(1, (width - gap * (columns - 1)) / columns);
  const imageHeight = Math.round((tileWidth - BORDERS) * 0.75);
  const rowHeight = imageHeight + Math.round(CAPTION_REM[lines] * rem) + BORDERS + gap;
  return { columns, tileWidth, imageHeight, rowHeight, gap };
}

const OVERSCAN = 3;

interface Window {
  readonly top: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly count: number;
  /** This row is always rendered, so that scrolling away does not lose the keyboard focus. */
  readonly keptRow: number;
}

/** The rows to render: those from `from` to before `to`, and the kept one. */
export function rowsAround({ top, height, rowHeight, count, keptRow }: Window) {
  const from = Math.max(0, Math.min(count - 1, Math.floor(top / rowHeight)) - OVERSCAN);
  const to = Math.min(count, Math.ceil(Math.max(0, top + height) / rowHeight) + OVERSCAN);
  const rows = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  if (keptRow < from) rows.unshift(keptRow);
  if (keptRow >= to && keptRow < count) rows.push(keptRow);
  return { rows, from, to };
}

interface Place {
  readonly cursor: number;
  readonly count: number;
  readonly columns: number;
  readonly rowsInView: number;
}

export function cursorAfter(key: string, { cursor, count, columns, rowsInView }: Place): number | null {
  const last = Math.max(0, count - 1);
  const page = columns * Math.max(1, rowsInView - 1);
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    k: -1,
    j: 1,
    ArrowUp: cursor < columns ? 0 : -columns,
    ArrowDown: inLastRow(cursor, last, columns) ? 0 : columns,
    Home: -cursor,
    End: last - cursor,
    PageUp: -Math.min(page, cursor - (cursor % columns)),
    PageDown: page,
  };
  const step = steps[key];
  return step === undefined ? null : Math.min(last, Math.max(0, cursor + step));
}

function inLastRow(cursor: number, last: number, columns: number): boolean {
  return Math.floor(cursor / columns) === Math.floor(last / columns);
}
