import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef } from 'preact/hooks';
import type { ReviewOrder, ReviewPhoto } from '../../../review/desk/desk.ts';
import type { Subject } from '../../../review/events/event.ts';
import { probabilityText } from '../../../kernel/texts.ts';
import type { GridDesk } from './grid-desk.ts';
import { layoutOf, rowsAround, type GridLayout } from './grid-layout.ts';
import { isSelected } from '../photo-list.ts';
import { dayText, REASON_TEXTS } from '../words.ts';

const PADDING = 8;

/** The photos as tiles. Only the rows in view and the cursor's row are in the document. */
export function Tiles({ desk }: { readonly desk: GridDesk }) {
  const { subjects, at } = desk.list;
  const list = useRef<HTMLDivElement>(null);
  const { layout, top, height } = useViewport(desk.scroller, list);
  const { columns, rowHeight } = layout;
  const count = Math.ceil(subjects.length / columns);
  const cursorRow = Math.floor(at / columns);
  const { rows, from, to } = rowsAround({ top, height, rowHeight, count, keptRow: cursorRow });
  desk.shape = { columns, rowsInView: Math.floor(height / rowHeight) };
  useEffect(() => desk.want(subjects.slice(from * columns, to * columns)), [desk, subjects, from, to, columns]);
  const isMeasured = list.current !== null;
  useStayInPlace(desk.scroller, { columns, rowHeight, top, isMeasured });
  useLayoutEffect(() => showRow(desk.scroller, list, { row: cursorRow, rowHeight }), [at, subjects, isMeasured]);
  useLayoutEffect(() => {
    if (desk.takesFocus) document.querySelector<HTMLElement>(`#tile-${at}`)?.focus({ preventScroll: true });
    desk.takesFocus = false;
  });
  return (
    <div
      ref={list}
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
          {subjects.slice(row * columns, (row + 1) * columns).map((subject, column) => (
            <Tile key={column} {...{ desk, subject, layout, column }} position={row * columns + column} />
          ))}
        </div>
      ))}
    </div>
  );
}

function useViewport(scroller: RefObject<HTMLElement>, list: RefObject<HTMLElement>) {
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
  const layout = layoutOf(list.current?.clientWidth ?? 960, rem);
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

/** When the window changes its width, the photos that were at its top stay there. */
function useStayInPlace(
  { current: scroller }: RefObject<HTMLElement>,
  { columns, rowHeight, top, isMeasured }: Place,
): void {
  const before = useRef<{ columns: number; position: number } | null>(null);
  useLayoutEffect(() => {
    if (!isMeasured) return;
    before.current ??= { columns, position: 0 };
    const { position } = before.current;
    const by = (Math.floor(position / columns) - Math.round(top / rowHeight)) * rowHeight;
    if (before.current.columns !== columns && scroller !== null) scroller.scrollTop += by;
    else before.current = { columns, position: Math.max(0, Math.round(top / rowHeight)) * columns };
    before.current.columns = columns;
  });
}

interface TileProps {
  readonly desk: GridDesk;
  readonly subject: Subject;
  readonly position: number;
  readonly column: number;
  readonly layout: GridLayout;
}

function Tile({ desk, subject, position, column, layout }: TileProps) {
  const { list, order, store } = desk;
  const photo = desk.isUnlisted(subject) ? null : store.shelf.photo(subject);
  const isOn = isSelected(list.selection, position);
  return (
    <div
      role="gridcell"
      id={`tile-${position}`}
      class={isOn ? 'tile selected' : 'tile'}
      tabIndex={position === list.at ? 0 : -1}
      aria-selected={isOn}
      aria-colindex={column + 1}
      data-position={position}
      data-photo={subject.sha256}
      data-wnid={subject.wnid}
      data-state={photo?.state}
      style={{ width: layout.tileWidth }}
    >
      <span class="picture" style={{ height: layout.imageHeight }}>
        {photo === undefined ? <span class="unseen">Photo {position + 1}, being read</span> : null}
        {photo === null ? (
          <span class="quiet">no longer listed</span>
        ) : (
          <img src={`/thumbnails/${subject.sha256}`} alt="" draggable={false} decoding="async" />
        )}
        {photo ? <span class="value">{valueText(photo, order, store.setup.cap)}</span> : null}
        {photo ? <Badges photo={photo} /> : null}
        {isOn ? (
          <span class="tick" aria-hidden="true">
            ✓
          </span>
        ) : null}
      </span>
      <span class="names">{photo ? <Names photo={photo} /> : null}</span>
    </div>
  );
}

function Badges({ photo: { state, reason, mine } }: { readonly photo: ReviewPhoto }) {
  return (
    <>
      {state === 'open' ? null : <b class={`badge ${state}`}>{reason === null ? state : REASON_TEXTS[reason]}</b>}
      {mine.flagged ? (
        <b class="flag">
          <span aria-hidden="true">⚑</span>
          <span class="unseen">flagged</span>
        </b>
      ) : null}
    </>
  );
}

function Names({ photo }: { readonly photo: ReviewPhoto }) {
  return (
    <>
      <span class="searched">{photo.name}</span>
      {photo.confusionName === null ? null : (
        <span class="predicted">
          <span aria-hidden="true">→ </span>
          <span class="unseen">, models see </span>
          {photo.confusionName}
        </span>
      )}
    </>
  );
}

function valueText(photo: ReviewPhoto, order: ReviewOrder, cap: number): string {
  if (photo.confusionWnid === null && order !== 'newest') return photo.source;
  if (order === 'confusions') return `${photo.acceptedOfConfusion} of ${cap} accepted`;
  if (order === 'source') return photo.source;
  if (order === 'newest') return dayText(photo.foundAt);
  return `p ${probabilityText(photo.maxTrueProb ?? photo.confusionProb ?? 0)}`;
}
