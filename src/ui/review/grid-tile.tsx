import type { ReviewOrder, ReviewPhoto } from '../../review/desk/desk.ts';
import type { Subject } from '../../review/events/event.ts';
import { probabilityText } from '../../kernel/texts.ts';
import type { GridLayout } from './grid-layout.ts';
import type { Grid } from './grid-model.ts';
import { isSelected } from './selection.ts';
import { REASON_TEXTS, STATE_TEXTS } from './words.ts';

interface TileProps {
  readonly grid: Grid;
  readonly subject: Subject;
  readonly position: number;
  readonly column: number;
  readonly layout: GridLayout;
}

/** One photo of the grid. The grid handles clicks and keys. */
export function Tile({ grid, subject, position, column, layout }: TileProps) {
  const { selection, order, session } = grid;
  const photo = grid.desk.at(subject);
  const isOn = isSelected(selection, position);
  const value = photo ? valueText(photo, order, session.setup.cap) : null;
  return (
    <div
      role="gridcell"
      id={`tile-${position}`}
      class={isOn ? 'tile selected' : 'tile'}
      tabIndex={position === selection.cursor ? 0 : -1}
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
        {value === null ? null : <span class="value">{value}</span>}
        {photo ? <Badges photo={photo} /> : null}
        {isOn ? (
          <span class="tick" aria-hidden="true">
            ✓
          </span>
        ) : null}
      </span>
      <Names photo={photo ?? null} />
    </div>
  );
}

function Badges({ photo }: { readonly photo: ReviewPhoto }) {
  const state = stateText(photo);
  return (
    <>
      {state === null ? null : <b class={`badge ${photo.state}`}>{state}</b>}
      {photo.mine.flagged ? (
        <b class="flag">
          <span aria-hidden="true">⚑</span>
          <span class="unseen">flagged</span>
        </b>
      ) : null}
    </>
  );
}

/** The text of a tile, also its name for screen readers. */
function Names({ photo }: { readonly photo: ReviewPhoto | null }) {
  if (photo === null) return <span class="names" />;
  return (
    <span class="names">
      <span class="searched">{photo.name}</span>
      <span class="predicted">
        <span aria-hidden="true">→ </span>
        <span class="unseen">, models see </span>
        {photo.confusionName}
      </span>
    </span>
  );
}

/** The photo's value of the grid's sort order. */
function valueText(photo: ReviewPhoto, order: ReviewOrder, cap: number): string {
  if (order === 'confusions') return `${photo.acceptedOfConfusion} of ${cap}`;
  if (order === 'source') return photo.source;
  if (order === 'newest') return dateText(photo.foundAt);
  return photo.maxTrueProb === null
    ? `p ${probabilityText(photo.confusionProb)}`
    : `p ${probabilityText(photo.maxTrueProb)}`;
}

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

function dateText(iso: string): string {
  return DAY.format(new Date(iso));
}

/** `null` for an open photo. */
function stateText({ state, reason }: ReviewPhoto): string | null {
  if (state === 'open') return null;
  return reason === null ? STATE_TEXTS[state] : REASON_TEXTS[reason];
}
