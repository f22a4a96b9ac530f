import { PHOTO_STATES, type PhotoFilter } from '../../../core/kernel/photo-filter.ts';
import { probabilityText } from '../../../core/kernel/texts.ts';
import type { GalleryTile } from '../../status/gallery.ts';
import type { TileShown } from '../grid/tiles.tsx';
import { Names } from '../review/grid/review-tiles.tsx';
import { dayText } from '../review/words.ts';
import type { Gallery } from './gallery.ts';

export function galleryTileAt(gallery: Gallery, position: number): TileShown {
  const id = gallery.items[position] ?? 0;
  const photo = gallery.sheet.rowOf(id);
  if (photo === undefined || photo === null)
    return {
      data: { 'data-photo': String(id) },
      picture:
        photo === null ? <span class="quiet">gone</span> : <span class="unseen">Photo {position + 1}, being read</span>,
      names: null,
    };
  return {
    data: { 'data-photo': photo.sha256 ?? String(id), 'data-wnid': photo.wnid, 'data-state': photo.outcome },
    picture: (
      <>
        {photo.hasBytes && photo.sha256 !== null ? (
          <img src={`/thumbnails/${photo.sha256}`} alt="" draggable={false} decoding="async" />
        ) : (
          <span class="quiet why">{photo.sha256 === null ? (photo.reason ?? 'not fetched yet') : 'bytes deleted'}</span>
        )}
        <span class="value">{valueText(photo, gallery.filter.value.sort)}</span>
        <b class={`badge ${photo.outcome}`}>{stateText(photo)}</b>
      </>
    ),
    names: <Names photo={photo} />,
  };
}

export function stateText({ outcome, reason, isControl }: GalleryTile): string {
  const state = PHOTO_STATES[outcome];
  return `${isControl ? 'control, ' : ''}${state}${reason === null ? '' : `: ${reason}`}`;
}

function valueText(
  { maxTrueProb, isLowerBound, confusionProb, source, foundAt }: GalleryTile,
  sort: PhotoFilter['sort'],
): string {
  const p = sort.endsWith('confusion') ? confusionProb : (maxTrueProb ?? confusionProb);
  if (sort.endsWith('time')) return dayText(foundAt);
  return p === null ? source : `p ${isLowerBound && p === maxTrueProb ? '≥ ' : ''}${probabilityText(p)}`;
}
