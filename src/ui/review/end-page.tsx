import { countOf } from '../../kernel/texts.ts';
import { totalsOf } from './classes-bar.tsx';
import type { SingleDesk } from './single-desk.ts';
import { hrefOf } from './view-url.ts';

/** Shown instead of a photo when none is left. */
export function EndPage({ desk }: { readonly desk: SingleDesk }) {
  const { session, view } = desk;
  const { collection, setup } = session;
  const { trouble: problem, withOthers } = desk;
  if (!desk.isReady) return <Calm title="Looking for photos …" />;
  if (desk.isForDisputes) return <NoDisputes collection={collection} problem={problem} />;
  if (!setup.mayReview) {
    return (
      <Calm title="Your role may look, but not review">
        <a href={hrefOf(collection, 'grid', view)}>Look at the photos in the grid</a>
      </Calm>
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
    <Calm title="No dispute is open">
      <p>Wherever two people have judged a photo, they agree, or it was settled. Undo takes the last decision back.</p>
      <ul>
        <li>
          <a href={hrefOf(collection, '')}>Go on with the review</a>
        </li>
        <li>
          <a href={hrefOf(collection, 'classes')}>See all classes</a>
        </li>
        <li>
          <a href={hrefOf(collection, 'agreement')}>See how far reviewers agree</a>
        </li>
      </ul>
    </Calm>
  );
}

function Done({ desk }: { readonly desk: SingleDesk }) {
  const { session, view } = desk;
  const { collection, shelf } = session;
  const { accepted, rejected, unsure, disputed, open } = totalsOf(shelf.classes);
  const isFiltered = Object.values(view.filter).some((value) => value !== undefined);
  const allDone = isFiltered ? 'Nothing is open under this filter' : 'Every photo has its verdict';
  return (
    <Calm title={desk.isComplete ? `These ${view.balanced} are done` : allDone}>
      <p>
        In all {shelf.classes.length} classes: {accepted} accepted, {rejected} rejected, {unsure} unsure, {disputed}{' '}
        disputed, {open} open.
      </p>
      <ul>
        {desk.isComplete ? (
          <li>
            <a href={hrefOf(collection, '', { ...view, photo: undefined })}>Review the next {view.balanced}</a>
          </li>
        ) : null}
        {isFiltered ? (
          <li>
            <a href={hrefOf(collection, '')}>Review all open photos</a>
          </li>
        ) : null}
        {disputed > 0 ? (
          <li>
            <a href={hrefOf(collection, 'disputes')}>Settle {countOf(disputed, 'dispute')}</a>
          </li>
        ) : null}
        <li>
          <a href={hrefOf(collection, 'classes')}>See all classes</a>
        </li>
        <li>
          <a href={hrefOf(collection, 'grid', { filter: { ...view.filter, state: 'accepted' } })}>
            Look over the accepted photos
          </a>
        </li>
      </ul>
    </Calm>
  );
}

function Calm({ title, children }: { readonly title: string; readonly children?: preact.ComponentChildren }) {
  return (
    <div class="calm">
      <h1>{title}</h1>
      {typeof children === 'string' ? <p>{children}</p> : children}
    </div>
  );
}
