import type { ComponentChildren } from 'preact';
import type { ClassProgress, ReviewActionSent } from '../../review/desk/desk.ts';
import { Bar } from '../../page/bar.tsx';
import { countOf, countText } from '../../kernel/texts.ts';
import { pathOf } from '../../page/frame.tsx';
import type { KeptAction } from './outbox-store.ts';
import type { ReviewSession } from './session.ts';
import { hrefOf } from './view-url.ts';
import { actionText, totalsOf } from './words.ts';

interface HeaderBarProps {
  readonly session: ReviewSession;
  /** `class 14 of 40`, `all classes` */
  readonly place: ComponentChildren;
  /** The classes whose accepted photos are counted. */
  readonly classes: readonly ClassProgress[];
  /** Shown beside the meter: `214 open · this confusion 3 of 15` */
  readonly detail: string;
  /** Chips at the end. */
  readonly children: ComponentChildren;
}

/** The bar at the top of the review's pages. Notices are shown below it, over the page. */
export function HeaderBar({ session, place, classes, detail, children }: HeaderBarProps) {
  const { accepted } = totalsOf(classes);
  const target = session.setup.target === null ? null : session.setup.target * classes.length;
  return (
    <header class="review-head">
      <nav aria-label="Pages">
        <a href={pathOf(session.collection)}>
          <b>{session.collection}</b>
        </a>
        <span class="wide">{place}</span>
        <a class="wide" href={`${pathOf(session.collection)}revisions`}>
          Revisions
        </a>
      </nav>
      <p class="progress">
        <span>
          <b>{countText(accepted)}</b> {target === null ? 'accepted' : `of ${countText(target)} accepted`}
        </span>
        {target === null ? null : <Bar kind="searched" ratio={target > 0 ? accepted / target : 0} />}
        <span class="quiet wide">{detail}</span>
      </p>
      <div class="chips">
        {children}
        <span class="quiet reviewer">{session.setup.reviewer}</span>
      </div>
      <Notices session={session} />
    </header>
  );
}

/** Unsent actions, problems and the screen-reader announcements. */
function Notices({ session }: { readonly session: ReviewSession }) {
  const { waiting, offlineSince, problem, setAside } = session.sending;
  const unsent = offlineSince === null ? '' : `${countOf(waiting, 'action')} not sent yet, trying again`;
  return (
    <div class="notices">
      <p role="status" class={unsent === '' ? 'unseen' : 'notice'}>
        {unsent}
      </p>
      {problem === null ? null : (
        <div role="alert" class="notice trouble">
          {problem}{' '}
          <button type="button" onClick={() => session.outbox?.dismissProblem()}>
            Understood
          </button>{' '}
          {setAside.length > 0 ? (
            <button type="button" onClick={() => session.outbox?.sendAgain()}>
              Send again
            </button>
          ) : null}
          {setAside.length > 0 ? <SetAside session={session} actions={setAside} /> : null}
        </div>
      )}
      <p aria-live="polite" class="unseen">
        {session.said}
      </p>
    </div>
  );
}

interface SetAsideProps {
  readonly session: ReviewSession;
  readonly actions: readonly KeptAction[];
}

/** The actions that the server refused. The reviewer can discard them. */
function SetAside({ session, actions }: SetAsideProps) {
  return (
    <details class="set-aside">
      <summary>Show what is set aside</summary>
      <ul>
        {actions.map(({ client, sequence, action, problem }) => (
          <li key={`${client} ${sequence}`}>
            {`${actionText(action)}, ${new Date(action.at).toLocaleString()}: ${problem ?? ''}`}{' '}
            <Photos session={session} action={action} />
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => session.outbox?.discardSetAside()}>
        Discard
      </button>
    </details>
  );
}

/** A link to the first photo of an action. */
function Photos({ session, action }: { readonly session: ReviewSession; readonly action: ReviewActionSent }) {
  const photo = 'subjects' in action ? action.subjects[0] : undefined;
  if (photo === undefined) return null;
  const name = session.shelf.progress(photo.wnid)?.name ?? photo.wnid;
  return <a href={hrefOf(session.collection, '', { filter: {}, photo })}>{name}</a>;
}
