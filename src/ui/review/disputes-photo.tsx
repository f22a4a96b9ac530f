import type { ReviewPhoto } from '../../review/desk.ts';
import { Link } from '../shared/link.tsx';
import { opinionsOf, type ShownOpinion } from './disputes-read.ts';
import { Probabilities } from './evidence-panel.tsx';
import type { ReviewSession } from './session.ts';
import { hrefOf } from './view-url.ts';
import { judgementText } from './words.ts';

interface DisputedPhotoProps {
  readonly session: ReviewSession;
  readonly photo: ReviewPhoto;
}

/** A photo with what each reviewer said of it, side by side. */
export function DisputedPhoto({ session, photo }: DisputedPhotoProps) {
  const { collection, setup } = session;
  const opinions = opinionsOf(photo);
  return (
    <>
      <figure class="disputed-photo">
        <img
          key={photo.sha256}
          src={`/photos/${photo.sha256}`}
          width={photo.width}
          height={photo.height}
          alt={`Searched as ${photo.name}, models see ${photo.confusionName}`}
          data-photo={photo.sha256}
          data-wnid={photo.wnid}
        />
      </figure>
      <aside class="opinions" aria-label="Opinions">
        <h1>
          <a href={hrefOf(collection, `class/${encodeURIComponent(photo.wnid)}`)}>{photo.name}</a>
        </h1>
        <dl class="probabilities">
          <Probabilities photo={photo} setup={setup} />
        </dl>
        {photo.mine.verdict === null ? null : <p class="own-opinion">One of these opinions is yours.</p>}
        <ul class="opinion-cards">
          {opinions.map((opinion) => (
            <Opinion key={opinion.reviewer} opinion={opinion} />
          ))}
        </ul>
        {setup.criteria === '' ? null : (
          <section>
            <h2>What counts</h2>
            <p class="quiet">{setup.criteria}</p>
          </section>
        )}
        <p class="quiet">
          <small>
            {photo.creator ?? 'unknown creator'} · {photo.licence} · {photo.source} ·{' '}
            <Link url={photo.pageUrl}>page</Link>
          </small>
        </p>
      </aside>
    </>
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
