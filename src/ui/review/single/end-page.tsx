import type { ComponentChildren } from 'preact';
import { asTyped } from '../../../kernel/command-text.ts';
import { countOf } from '../../../kernel/texts.ts';
import { Command } from '../../../page/command.tsx';
import type { SingleDesk } from './single-desk.ts';
import { useAnswer } from '../pages/page-parts.tsx';
import type { ReviewStore } from '../store/review-store.ts';
import { hrefOf } from '../view-url.ts';
import { totalsOf } from '../words.ts';

export function EndPage({ desk }: { readonly desk: SingleDesk }) {
  const { store, view } = desk;
  const { collection, setup } = store;
  const { trouble: problem, withOthers } = desk;
  if (!desk.isReady) return <Calm title="Looking for photos …" />;
  if (desk.isForDisputes) return <NoDisputes collection={collection} problem={problem} />;
  if (!setup.mayReview) {
    return (
      <Calm
        title="Your role may look, but not review"
        links={{ 'Look at the photos in the grid': hrefOf(collection, 'grid', view) }}
      />
    );
  }
  if (desk.isComplete) return <Done desk={desk} />;
  if (problem !== null) return <Calm title="No photo can be loaded now">{`${problem}. The page tries again.`}</Calm>;
  if (withOthers > 0) {
    return (
      <Calm title="The last photos are with other reviewers">
        {`${countOf(withOthers, 'photo')} wait for a verdict. They come here if nobody gives one.`}
      </Calm>
    );
  }
  return <Done desk={desk} />;
}

function NoDisputes({ collection, problem }: { readonly collection: string; readonly problem: string | null }) {
  if (problem !== null) return <Calm title="The disputes cannot be read now">{`${problem}.`}</Calm>;
  return (
    <Calm
      title="No dispute is open"
      links={{
        'Go on with the review': hrefOf(collection, ''),
        'See all classes': hrefOf(collection, 'classes'),
        'See how far reviewers agree': hrefOf(collection, 'agreement'),
      }}
    >
      Wherever two people have judged a photo, they agree, or it was settled. Undo takes the last decision back.
    </Calm>
  );
}

function Done({ desk: { store, view, isComplete } }: { readonly desk: SingleDesk }) {
  const { collection, shelf } = store;
  const { accepted, rejected, unsure, disputed, open } = totalsOf(shelf.classes);
  const isFiltered = Object.values(view.filter).some((value) => value !== undefined);
  const allDone = isFiltered ? 'Nothing is open under this filter' : 'Every photo has its verdict';
  const next = { [`Review the next ${view.balanced}`]: hrefOf(collection, '', { ...view, photo: undefined }) };
  const disputes = { [`Settle ${countOf(disputed, 'dispute')}`]: hrefOf(collection, 'disputes') };
  return (
    <Calm
      title={isComplete ? `These ${view.balanced} are done` : allDone}
      links={{
        ...(isComplete ? next : {}),
        ...(isFiltered ? { 'Review all open photos': hrefOf(collection, '') } : {}),
        ...(disputed > 0 ? disputes : {}),
        'See all classes': hrefOf(collection, 'classes'),
        'Look over the accepted photos': hrefOf(collection, 'grid', { filter: { ...view.filter, state: 'accepted' } }),
      }}
    >
      In all {shelf.classes.length} classes: {accepted} accepted, {rejected} rejected, {unsure} unsure, {disputed}{' '}
      disputed, {open} open.
      {isFiltered || isComplete || !store.isSent ? null : <Next store={store} />}
    </Calm>
  );
}

/** What the server says is next, once it has all verdicts. A person who is here needs no command that opens the review. */
function Next({ store: { api, setup } }: { readonly store: ReviewStore }) {
  const next = useAnswer(() => api.next()).answer;
  if (next === null) return null;
  return (
    <>
      {' '}
      {asTyped(next.text)} {next.command.startsWith('winnow review') ? null : <Command text={next.command} />}
      {setup.withoutLicence === '' ? null : <> {asTyped(setup.withoutLicence)}</>}
    </>
  );
}

interface CalmProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly links?: Readonly<Record<string, string>>;
}

function Calm({ title, children, links }: CalmProps) {
  return (
    <div class="calm">
      <h1>{title}</h1>
      {children === undefined ? null : <p>{children}</p>}
      {links === undefined ? null : (
        <ul>
          {Object.entries(links).map(([text, href]) => (
            <li key={text}>
              <a href={href}>{text}</a>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
