import type { ReviewOrder, ReviewPhoto } from '../../../../core/review/desk/desk.ts';
import type { Subject } from '../../../../core/review/events/event.ts';
import { probabilityText } from '../../../../core/kernel/texts.ts';
import type { TileShown } from '../../grid/tiles.tsx';
import type { GridDesk } from './grid-desk.ts';
import { dayText, REASON_TEXTS } from '../words.ts';

export function reviewTileAt(desk: GridDesk, position: number): TileShown {
  const { list, order, store } = desk;
  const subject = list.subjects[position];
  if (subject === undefined) return { data: {}, picture: null, names: null };
  const photo = desk.sheet.rowOf(subject) === null ? null : store.cache.photo(subject);
  return {
    data: { 'data-photo': subject.sha256, 'data-wnid': subject.wnid, 'data-state': photo?.state },
    picture: (
      <>
        {photo === undefined ? <span class="unseen">Photo {position + 1}, being read</span> : null}
        {photo === null ? <span class="quiet">no longer listed</span> : <Thumbnail desk={desk} subject={subject} />}
        {photo ? <span class="value">{valueText(photo, order, store.setup.cap)}</span> : null}
        {photo ? <Badges photo={photo} /> : null}
      </>
    ),
    names: photo ? <Names photo={photo} /> : null,
  };
}

function Thumbnail({ desk, subject }: { readonly desk: GridDesk; readonly subject: Subject }) {
  if (desk.hasFailed(subject)) return <span class="quiet">cannot be loaded</span>;
  const { sha256 } = subject;
  return (
    <img
      src={`/thumbnails/${sha256}`}
      alt=""
      draggable={false}
      decoding="async"
      onError={() => desk.noteFailed(subject)}
    />
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

export function Names({
  photo: { name, confusionName },
}: {
  readonly photo: Pick<ReviewPhoto, 'name' | 'confusionName'>;
}) {
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
