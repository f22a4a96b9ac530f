import { subjectKey } from './history.ts';
import type { SingleDesk } from './single-desk.ts';
import { judgementText } from './words.ts';

const NEXT_PHOTOS = 3;

export function Strip({ desk }: { readonly desk: SingleDesk }) {
  const { photo, decisions, session } = desk;
  const shown = photo === null ? null : subjectKey(photo);
  const before = decisions.filter(({ subject }) => subjectKey(subject) !== shown);
  return (
    <nav class="strip" aria-label="Last decisions">
      <ol>
        {before.map(({ subject, judgement, photos }) => {
          const text = `${judgementText(judgement)}: ${session.shelf.photo(subject)?.name ?? subject.wnid}`;
          return (
            <li key={subjectKey(subject)}>
              <button
                type="button"
                class={judgement.verdict}
                title={text}
                aria-label={`${text}. Show it again`}
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => void desk.show(subject, 'Back.')}
              >
                <img src={`/thumbnails/${subject.sha256}`} alt="" />
                {photos > 1 ? <span class="many">{photos}</span> : null}
              </button>
            </li>
          );
        })}
        {photo === null ? null : (
          <li key="now" aria-current="true">
            <img class="now" src={`/thumbnails/${photo.sha256}`} alt="The shown photo" />
          </li>
        )}
        {desk.next(NEXT_PHOTOS).map((next) => (
          <li key={subjectKey(next)} class="next">
            <img src={`/thumbnails/${next.sha256}`} alt="" />
          </li>
        ))}
      </ol>
    </nav>
  );
}
