import type { ReviewFilter, ReviewPhoto } from '../../../../core/review/desk/desk.ts';
import type { Subject } from '../../../../core/review/events/event.ts';
import type { ReviewStore } from '../store/review-store.ts';
import { judgementText } from '../words.ts';

/** Opinions per photo. If all leave the photo unsure, a reviewer must settle it. */
const OPINIONS = 3;

/** First photos on which two reviewers disagree, then those that three leave unsure. @throws ApiError */
export async function readDisputes(store: ReviewStore, wnid: string | undefined): Promise<readonly Subject[]> {
  const disputed = await readAll(store, { wnid, state: 'disputed' });
  const unsure = await readAll(store, { wnid, state: 'unsure' });
  return [...disputed, ...unsure.filter(isLeftUnsure)];
}

async function readAll(store: ReviewStore, filter: ReviewFilter): Promise<readonly ReviewPhoto[]> {
  const subjects = await store.api.index(filter, store.setup.orders[0] ?? 'lowest');
  await store.load(subjects);
  return subjects.flatMap((subject) => store.cache.photo(subject) ?? []);
}

export function isLeftUnsure(photo: Pick<ReviewPhoto, 'isSettled' | 'mine' | 'others'>): boolean {
  return !photo.isSettled && opinionsOf(photo).length >= OPINIONS;
}

type Opinion = ReviewPhoto['others'][number];

/** The opinions with a verdict. This reviewer's own is first and has an empty name. */
function opinionsOf({ mine, others }: Pick<ReviewPhoto, 'mine' | 'others'>): readonly Opinion[] {
  return [{ ...mine, reviewer: '' }, ...others].filter(({ verdict }) => verdict !== null);
}

export function Opinions({ photo }: { readonly photo: ReviewPhoto }) {
  return (
    <section aria-label="Opinions">
      {photo.mine.verdict === null ? null : <p class="own-opinion">One of these opinions is yours.</p>}
      <ul class="opinion-cards">
        {opinionsOf(photo).map((opinion) => (
          <OpinionCard key={opinion.reviewer} {...opinion} />
        ))}
      </ul>
    </section>
  );
}

function OpinionCard({ reviewer, verdict, reason, tags, note, flagged }: Opinion) {
  if (verdict === null) return null;
  return (
    <li class={`opinion ${verdict}`}>
      <h2>{reviewer === '' ? 'You' : reviewer}</h2>
      <p class="verdict">
        {verdict}
        {reason === null ? null : <span>{judgementText({ verdict, reason })}</span>}
      </p>
      {tags.length === 0 && !flagged ? null : (
        <p class="quiet">{[...(flagged ? ['⚑ flagged'] : []), ...tags].join(' · ')}</p>
      )}
      {note === '' ? null : <blockquote>{note}</blockquote>}
    </li>
  );
}
