import { PHOTO_STATES, type PhotoFilter } from '../../../core/kernel/photo-filter.ts';
import { probabilityText } from '../../../core/kernel/texts.ts';
import type { GalleryTile } from '../../status/gallery.ts';
import type { TileShown } from '../grid/tiles.tsx';
import { dayText } from '../review/words.ts';
import type { Gallery } from './gallery.ts';

export function galleryTileAt(gallery: Gallery, position: number): TileShown {
  const id = gallery.items[position] ?? 0;
  const photo = gallery.sheet.rowOf(id);
  if (photo === undefined || photo === null)
    return { data: { 'data-photo': String(id) }, picture: photo === null ? 'gone' : null, about: null };
  const { sha256, wnid, outcome, name, confusionName } = photo;
  return {
    data: { 'data-photo': sha256 ?? String(id), 'data-wnid': wnid, 'data-state': outcome },
    picture: pictureOf(photo),
    about: {
      name,
      confusionName,
      value: valueText(photo, gallery.filter.value.sort),
      badge: { kind: outcome, text: stateText(photo) },
      file: fileName(photo),
    },
  };
}

/** A failed photo shows the message that says why. */
function pictureOf({ sha256, hasBytes, detail, reason }: GalleryTile): NonNullable<TileShown['picture']> {
  if (sha256 === null) return detail ?? reason ?? 'not fetched yet';
  return hasBytes ? { sha256 } : 'bytes deleted';
}

/** A folder's id of a photo is its path, an @ and the start of its SHA-256. */
function fileName({ source, sourceId }: GalleryTile): string {
  return source === 'folder' ? sourceId.replace(/^.*\//, '').replace(/@[0-9a-f]+$/, '') : sourceId;
}

export function stateText({ outcome, reason, isControl }: GalleryTile): string {
  const state = PHOTO_STATES[outcome];
  return `${isControl ? 'control, ' : ''}${state}${reason === null ? '' : `: ${reason}`}`;
}

/** `0.172 is above 0.15`: why the rule dropped a photo. Null if it did not compare a probability. */
export function ruleText(
  { reason, maxTrueProb, confusionProb }: Pick<GalleryTile, 'reason' | 'maxTrueProb' | 'confusionProb'>,
  threshold: number,
): string | null {
  if (reason === 'confident' && maxTrueProb !== null)
    return `${exactText(maxTrueProb, threshold)} is above ${threshold}`;
  if (reason === 'not-confident' && confusionProb !== null)
    return `${exactText(confusionProb, threshold)} is below ${threshold}`;
  return null;
}

/** With all its digits if three of them would look like the threshold. */
function exactText(p: number, threshold: number): string {
  return Number(p.toFixed(3)) === threshold ? String(p) : probabilityText(p);
}

function valueText(
  { maxTrueProb, isLowerBound, confusionProb, source, foundAt }: GalleryTile,
  sort: PhotoFilter['sort'],
): string {
  const p = sort.endsWith('confusion') ? confusionProb : (maxTrueProb ?? confusionProb);
  if (sort.endsWith('time')) return dayText(foundAt);
  return p === null ? source : `p ${isLowerBound && p === maxTrueProb ? '≥ ' : ''}${probabilityText(p)}`;
}
