import type { ReviewPhoto } from '../../review/desk/desk.ts';
import { opinionsOf, type ShownOpinion } from './disputes-read.ts';
import { judgementText } from './words.ts';

/** Each reviewer's opinion of a photo. */
export function Opinions({ photo }: { readonly photo: ReviewPhoto }) {
  return (
    <section aria-label="Opinions">
      {photo.mine.verdict === null ? null : <p class="own-opinion">One of these opinions is yours.</p>}
      <ul class="opinion-cards">
        {opinionsOf(photo).map((opinion) => (
          <Opinion key={opinion.reviewer} opinion={opinion} />
        ))}
      </ul>
    </section>
  );
}

function Opinion({ opinion }: { readonly opinion: ShownOpinion }) {
  const { reviewer, verdict, reason, tags, note, flagged } = opinion;
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
