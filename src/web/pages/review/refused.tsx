import type { Subject } from '../../../core/review/events/event.ts';
import { countOf } from '../../../core/kernel/texts.ts';
import { subjectKey, refKey } from './store/history.ts';
import { newerText, type RefusedAction } from './store/refused.ts';
import type { ReviewStore } from './store/review-store.ts';
import { hrefOf } from './view-url.ts';
import { actionText } from './words.ts';

interface RefusedProps {
  readonly store: ReviewStore;
  /** Selects photos, on a page that can. */
  readonly onSelect: ((photos: readonly Subject[]) => void) | undefined;
}

/**
 * The actions that wait for their author's answer, because others did something that the author had not seen; and how the last verdict
 * compares with those of others.
 */
export function Together({ store, onSelect }: RefusedProps) {
  return (
    <>
      <p role="status" class={store.met.value === null ? 'unseen' : 'banner met'}>
        {store.met.value}
      </p>
      {store.outbox?.refused.value.map((refused) => (
        <div key={refKey(refused)} role="alert" class="banner trouble refused">
          <RefusedAnswer {...{ store, onSelect, refused }} />
        </div>
      ))}
    </>
  );
}

function RefusedAnswer({ store, onSelect, refused }: RefusedProps & { readonly refused: RefusedAction }) {
  const { stale, action } = refused;
  const [first] = stale;
  const mayKeep = stale.some(({ newer }) => newer !== null);
  const answers = {
    ...(onSelect === undefined || stale.length < 2 ? {} : { 'Select them': () => onSelect(stale) }),
    ...(mayKeep ? { 'Keep mine': () => store.answerRefusal(refused, true) } : {}),
    'Drop mine': () => store.answerRefusal(refused, false),
  };
  const what = 'of' in action ? `your ${action.kind}` : `“${actionText({ ...action, subjects: stale })}”`;
  return (
    <>
      {first === undefined || stale.length > 1 ? (
        <details>
          <summary>{`${countOf(stale.length, 'photo')} of ${what} not stored: others did something after you had looked.`}</summary>
          <ul>
            {stale.map((one) => (
              <li key={subjectKey(one)}>
                <PhotoLink {...{ store }} photo={one} />: {newerText(one.newer)}
              </li>
            ))}
          </ul>
        </details>
      ) : (
        <>
          Not stored: {what} for <PhotoLink {...{ store }} photo={first} />. {newerText(first.newer)}, after you had
          looked.
        </>
      )}{' '}
      {Object.entries(answers).map(([text, answer]) => (
        // A click does not move the focus, so that keys are for the page.
        <button key={text} type="button" onMouseDown={(event) => event.preventDefault()} onClick={answer}>
          {text}
        </button>
      ))}
    </>
  );
}

export function PhotoLink({ store, photo }: { readonly store: ReviewStore; readonly photo: Subject }) {
  const { sha256, wnid } = photo;
  const href = hrefOf(store.collection, '', { filter: {}, photo: { sha256, wnid } });
  return <a href={href}>{store.cache.photo(photo)?.name ?? store.cache.progress(wnid)?.name ?? wnid}</a>;
}
