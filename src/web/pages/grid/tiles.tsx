import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef } from 'preact/hooks';
import { keepPlace, placeKept } from '../address.ts';
import { layoutOf, rowsAround, type CaptionLines, type GridLayout, type TileSize } from './layout.ts';
import { isSelected } from './selection.ts';
import { pointerHandlers } from './selecting.ts';
import type { TileSheet } from './tile-sheet.ts';

const PADDING = 8;

interface TilesProps {
  readonly sheet: TileSheet;
  readonly size?: TileSize;
  readonly lines?: CaptionLines;
  /** The content of the tile at a position, and its attributes. */
  readonly tileAt: (position: number) => TileShown;
}

export interface TileShown {
  readonly data: Readonly<Record<`data-${string}`, string | undefined>>;
  /** The SHA-256 of the photo, or a text in its stead; null while it is read. */
  readonly picture: { readonly sha256: string; readonly onError?: () => void } | string | null;
  /** Null while the photo is read, or if it is gone. */
  readonly about: TileAbout | null;
}

interface TileAbout {
  readonly name: string;
  /** Null if the models say nothing, or nothing that the reader may know. */
  readonly confusionName: string | null;
  /** The value by which the photos are sorted. */
  readonly value: string;
  readonly badge: { readonly kind: string; readonly text: string } | null;
  readonly isFlagged?: boolean;
  /** The name of the file, or the source's id. */
  readonly file?: string;
}

interface ContentProps extends TilesProps {
  /** The address of all photos. */
  readonly allHref: string;
}

/** The photos as tiles, or why there are none. */
export function Content({ allHref, ...tiles }: ContentProps) {
  const { count, page } = tiles.sheet;
  const isReady = page.isReady.value;
  const trouble = page.trouble.value;
  const all = <a href={allHref}>Show all photos</a>;
  if (trouble === null && !isReady) return <p class="quiet nothing">Reading the photos …</p>;
  if (trouble === null && count === 0) return <p class="nothing">No photo matches. {all}</p>;
  return (
    <>
      {trouble === null ? null : (
        <p role="alert" class={isReady ? 'trouble' : 'trouble nothing'}>
          {trouble} {isReady ? null : all}
        </p>
      )}
      {isReady ? <Tiles {...tiles} /> : null}
    </>
  );
}

/** Only the rows in view and the cursor's row are in the document. */
function Tiles({ sheet, size = 'medium', lines = 2, tileAt }: TilesProps) {
  const { count: photos, selection, scroller } = sheet;
  const { items } = sheet.page;
  const at = selection.cursor;
  const list = useRef<HTMLDivElement>(null);
  const pointer = useMemo(() => pointerHandlers(sheet), [sheet]);
  const { layout, top, height } = useViewport(scroller, list, { size, lines });
  const { columns, rowHeight } = layout;
  const count = Math.ceil(photos / columns);
  const cursorRow = Math.floor(at / columns);
  const { rows, from, to } = rowsAround({ top, height, rowHeight, count, keptRow: cursorRow });
  sheet.shape = { columns, rowsInView: Math.floor(height / rowHeight) };
  useEffect(() => sheet.wantFrom(from * columns, to * columns), [sheet, items, from, to, columns]);
  const isMeasured = list.current !== null;
  // A list that grows at its end stays where it is.
  useLayoutEffect(() => showRow(scroller, list, { row: cursorRow, rowHeight }), [at, items[0], isMeasured]);
  useStayInPlace(scroller, { columns, rowHeight, top, isMeasured });
  useLayoutEffect(() => {
    if (sheet.takesFocus) document.querySelector<HTMLElement>(`#tile-${at}`)?.focus({ preventScroll: true });
    sheet.takesFocus = false;
  });
  return (
    <div
      ref={list}
      {...pointer}
      role="grid"
      class="tiles"
      aria-label="Photos"
      aria-multiselectable="true"
      aria-rowcount={count}
      aria-colcount={columns}
      style={{ height: count * rowHeight }}
    >
      {rows.map((row) => (
        <div
          key={row}
          role="row"
          class="tile-row"
          aria-rowindex={row + 1}
          style={{ transform: `translateY(${row * rowHeight}px)`, gap: layout.gap }}
        >
          {Array.from({ length: Math.min(columns, photos - row * columns) }, (_, column) => {
            const position = row * columns + column;
            const isOn = isSelected(selection, position);
            return <Tile key={column} {...{ position, column, layout, isOn, tileAt }} hasCursor={position === at} />;
          })}
        </div>
      ))}
    </div>
  );
}

interface TileProps extends Pick<TilesProps, 'tileAt'> {
  readonly position: number;
  readonly column: number;
  readonly layout: GridLayout;
  readonly isOn: boolean;
  readonly hasCursor: boolean;
}

function Tile({ position, column, layout, isOn, hasCursor, tileAt }: TileProps) {
  const { data, picture, about } = tileAt(position);
  return (
    <div
      role="gridcell"
      id={`tile-${position}`}
      class={isOn ? 'tile selected' : 'tile'}
      tabIndex={hasCursor ? 0 : -1}
      aria-selected={isOn}
      aria-colindex={column + 1}
      data-position={position}
      {...data}
      style={{ width: layout.tileWidth }}
    >
      <span class="picture" style={{ height: layout.imageHeight }}>
        <Picture position={position} picture={picture} />
        {about === null ? null : <Labels {...about} />}
        <span class="tick" aria-hidden="true" />
      </span>
      <span class="names">{about === null ? null : <Names {...about} />}</span>
    </div>
  );
}

function Picture({ position, picture }: Pick<TileShown, 'picture'> & { readonly position: number }) {
  if (picture === null) return <span class="unseen">Photo {position + 1}, being read</span>;
  if (typeof picture === 'string') return <span class="quiet why">{picture}</span>;
  const { sha256, onError } = picture;
  return <img src={`/thumbnails/${sha256}`} alt="" draggable={false} decoding="async" onError={onError} />;
}

function Labels({ value, badge, isFlagged = false }: TileAbout) {
  return (
    <>
      <span class="value">{value}</span>
      {badge === null ? null : <b class={`badge ${badge.kind}`}>{badge.text}</b>}
      {isFlagged ? (
        <b class="flag">
          <span aria-hidden="true">⚑</span>
          <span class="unseen">flagged</span>
        </b>
      ) : null}
    </>
  );
}

function Names({ name, confusionName, file }: TileAbout) {
  return (
    <>
      <span class="searched">{name}</span>
      {confusionName === null ? null : (
        <span class="predicted">
          <span aria-hidden="true">→ </span>
          <span class="unseen">, models see </span>
          {confusionName}
        </span>
      )}
      {file === undefined ? null : (
        <small class="file" title={file}>
          {file}
        </small>
      )}
    </>
  );
}

function useViewport(
  scroller: RefObject<HTMLElement>,
  list: RefObject<HTMLElement>,
  tiles: Pick<TilesProps, 'size' | 'lines'>,
) {
  const [, again] = useReducer((times: number) => times + 1, 0);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null || list.current === null) return undefined;
    const observer = new ResizeObserver(() => again(undefined));
    for (const one of [element, list.current]) observer.observe(one);
    const scrolled = (): void => again(undefined);
    element.addEventListener('scroll', scrolled, { passive: true });
    again(undefined);
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', scrolled);
    };
  }, []);
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const layout = layoutOf(list.current?.clientWidth ?? 960, rem, tiles);
  const { scrollTop = 0, clientHeight = layout.rowHeight } = scroller.current ?? {};
  return { layout, top: scrollTop - (list.current?.offsetTop ?? 0), height: clientHeight };
}

/** Scrolls a row into view, as little as possible. The first row scrolls to the very top, where the filters are. */
function showRow(
  { current: scroller }: RefObject<HTMLElement>,
  { current: list }: RefObject<HTMLElement>,
  { row, rowHeight }: { readonly row: number; readonly rowHeight: number },
): void {
  if (scroller === null || list === null) return;
  const start = list.offsetTop + row * rowHeight - PADDING;
  const end = start + rowHeight + 2 * PADDING - scroller.clientHeight;
  if (row === 0) scroller.scrollTop = 0;
  else scroller.scrollTop = Math.min(start, Math.max(end, scroller.scrollTop));
}

interface Place {
  readonly columns: number;
  readonly rowHeight: number;
  readonly top: number;
  /** False in the first rendering, whose columns are a guess. */
  readonly isMeasured: boolean;
}

const SCROLLED_MS = 150;

/** When the window changes its width, or the person comes back to this step of the browser's history, the photos at the top stay there. */
function useStayInPlace(
  { current: scroller }: RefObject<HTMLElement>,
  { columns, rowHeight, top, isMeasured }: Place,
): void {
  const before = useRef<{ columns: number; position: number } | null>(null);
  const first = Math.max(0, Math.round(top / rowHeight)) * columns;
  useLayoutEffect(() => {
    if (!isMeasured || scroller === null) return;
    const isSame = before.current?.columns === columns;
    const position = isSame ? first : (before.current?.position ?? placeKept());
    if (!isSame && position > 0) scroller.scrollTop += Math.floor(position / columns) * rowHeight - top;
    before.current = { columns, position };
  });
  useEffect(() => {
    const keeping = setTimeout(() => isMeasured && keepPlace(first), SCROLLED_MS);
    return () => clearTimeout(keeping);
  }, [first, isMeasured]);
}
