import type { ReviewFilter, ReviewPhoto } from '../../../review/desk/desk.ts';
import type { Subject } from '../../../review/events/event.ts';
import type { ReviewSession } from '../store/session.ts';
import { judgementText } from '../words.ts';

/** Opinions per photo. If all leave the photo unsure, a reviewer must settle it. */
const OPINIONS = 3;

/** First photos on which two reviewers disagree, then those that three leave unsure. @throws ApiError */
export async function readDisputes(session: ReviewSession, wnid: string | undefined): Promise<readonly Subject[]> {
  const disputed = await readAll(session, { wnid, state: 'disputed' });
  const unsure = await readAll(session, { wnid, state: 'unsure' });
  return [...disputed, ...unsure.filter(isLeftUnsure)];
}

async function readAll(session: ReviewSession, filter: ReviewFilter): Promise<readonly ReviewPhoto[]> {
  const subjects = await session.api.index(filter, session.setup.orders[0] ?? 'lowest');
  await session.load(subjects);
  return subjects.flatMap((subject) => session.shelf.photo(subject) ?? []);
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
