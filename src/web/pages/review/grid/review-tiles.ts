import type { ReviewOrder, ReviewPhoto } from '../../../../core/review/desk/desk.ts';
import { probabilityText } from '../../../../core/kernel/texts.ts';
import type { TileShown } from '../../grid/tiles.tsx';
import type { GridDesk } from './grid-desk.ts';
import { dayText, REASON_TEXTS } from '../words.ts';

export function reviewTileAt(desk: GridDesk, position: number): TileShown {
  const subject = desk.list.subjects[position];
  if (subject === undefined) return { data: {}, picture: null, about: null };
  const { sha256, wnid } = subject;
  const photo = desk.sheet.rowOf(subject) === null ? null : desk.store.cache.photo(subject);
  const data = { 'data-photo': sha256, 'data-wnid': wnid, 'data-state': photo?.state };
  if (photo === null) return { data, picture: 'no longer listed', about: null };
  const onError = (): void => desk.noteFailed(subject);
  const picture = desk.hasFailed(subject) ? 'cannot be loaded' : { sha256, onError };
  return { data, picture, about: photo === undefined ? null : aboutOf(photo, desk) };
}

function aboutOf(photo: ReviewPhoto, { order, store }: GridDesk): TileShown['about'] {
  const { name, confusionName, state, reason, mine } = photo;
  const badge = state === 'open' ? null : { kind: state, text: reason === null ? state : REASON_TEXTS[reason] };
  return { name, confusionName, value: valueText(photo, order, store.setup.cap), badge, isFlagged: mine.flagged };
}

function valueText(photo: ReviewPhoto, order: ReviewOrder, cap: number): string {
  if (photo.confusionWnid === null && order !== 'newest') return photo.source;
  if (order === 'confusions') return `${photo.acceptedOfConfusion} of ${cap} accepted`;
  if (order === 'source') return photo.source;
  if (order === 'newest') return dayText(photo.foundAt);
  return `p ${probabilityText(photo.maxTrueProb ?? photo.confusionProb ?? 0)}`;
}
