import type { ComponentChildren } from 'preact';
import { Bar } from '../../../core/page/bar.tsx';
import { countOf, countText } from '../../../core/kernel/texts.ts';
import type { Subject } from '../../../core/review/events/event.ts';
import { ReviewerName } from './name-question.tsx';
import { PhotoLink, Together } from './refused.tsx';
import { refKey } from './store/history.ts';
import type { Outbox } from './store/outbox.ts';
import type { ReviewStore } from './store/review-store.ts';
import { momentText, actionText, sumOfStates } from './words.ts';

interface HeaderBarProps {
  readonly store: ReviewStore;
  readonly place: ComponentChildren;
  /** The class whose counts are shown; by default all classes count. */
  readonly wnid: string | undefined;
  /** Shown beside the number of open photos: `3 of 15 accepted of this confusion` */
  readonly detail?: string | undefined;
  /** Selects photos of a bulk decision that were refused. */
  readonly onSelect?: ((photos: readonly Subject[]) => void) | undefined;
  readonly children: ComponentChildren;
}

export function HeaderBar({ store, place, wnid, detail, onSelect, children }: HeaderBarProps) {
  const classes = store.cache.classes.filter((one) => wnid === undefined || one.wnid === wnid);
  const { accepted, open } = sumOfStates(classes);
  const target = store.setup.target === null ? null : store.setup.target * classes.length;
  return (
    <header class="review-head">
      <div class="place">{place}</div>
      <p class="progress">
        <span>
          <b>{countText(accepted)}</b> {target === null ? 'accepted' : `of ${countText(target)} accepted`}
        </span>
        {target === null ? null : <Bar kind="searched" ratio={target > 0 ? accepted / target : 0} />}
        <span class="quiet wide">
          {countText(open)} open{detail === undefined ? '' : ` · ${detail}`}
        </span>
      </p>
      <div class="chips">
        {children}
        <ReviewerName store={store} />
      </div>
      <Banners store={store} onSelect={onSelect} />
    </header>
  );
}

function Banners({ store, onSelect }: Pick<HeaderBarProps, 'store' | 'onSelect'>) {
  const { outbox } = store;
  const unsent =
    outbox?.isOffline.value === true
      ? `${countOf(outbox.waiting.value.length, 'action')} not sent yet, trying again`
      : '';
  return (
    <div class="banners">
      <p role="status" class={unsent === '' ? 'unseen' : 'banner'}>
        {unsent}
      </p>
      <Together store={store} onSelect={onSelect} />
      {outbox === null || outbox.elsewhere.value === 0 ? null : (
        <div role="alert" class="banner">
          {countOf(outbox.elsewhere.value, 'action')} not sent yet: this browser keeps them for a winnow at another
          path.{' '}
          <button type="button" onClick={() => void outbox.sendElsewhere()}>
            Send them here
          </button>
        </div>
      )}
      {outbox === null || outbox.problem === null ? null : (
        <div role="alert" class="banner trouble">
          {outbox.problem}{' '}
          <button type="button" onClick={() => outbox.dismissProblem()}>
            Understood
          </button>{' '}
          {outbox.setAside.length > 0 ? <SetAside store={store} outbox={outbox} /> : null}
        </div>
      )}
      <p aria-live="polite" class="unseen">
        {store.said.value}
      </p>
    </div>
  );
}

interface SetAsideProps {
  readonly store: ReviewStore;
  readonly outbox: Outbox;
}

function SetAside({ store, outbox }: SetAsideProps) {
  return (
    <>
      <button type="button" onClick={() => outbox.sendAgain()}>
        Send again
      </button>
      <details class="set-aside">
        <summary>Show what is set aside</summary>
        <ul>
          {outbox.setAside.map((one) => {
            const photo = 'subjects' in one.action ? one.action.subjects[0] : undefined;
            return (
              <li key={refKey(one)}>
                {`${actionText(one.action)}, ${momentText(one.action.at)}: ${one.problem ?? ''}`}{' '}
                {photo === undefined ? null : <PhotoLink store={store} photo={photo} />}
              </li>
            );
          })}
        </ul>
        <button type="button" onClick={() => outbox.discardSetAside()}>
          Discard
        </button>
      </details>
    </>
  );
}
