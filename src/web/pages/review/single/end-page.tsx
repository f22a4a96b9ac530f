import type { HeldPhotos } from '../../../../core/review/desk/desk.ts';
import { asTyped } from '../../../../core/kernel/command-text.ts';
import { countOf } from '../../../../core/kernel/texts.ts';
import { Command } from '../../../../core/page/command.tsx';
import { Calm } from './calm.tsx';
import { Missing } from './missing.tsx';
import type { SingleDesk } from './single-desk.ts';
import { useAnswer } from '../../answers.ts';
import { subjectKey } from '../store/history.ts';
import type { ReviewStore } from '../store/review-store.ts';
import { hrefOf } from '../view-url.ts';
import { clockText, holderText, sumOfStates } from '../words.ts';

/** Shown while there is no photo to judge. */
export function EndPage({ desk }: { readonly desk: SingleDesk }) {
  const { missing, list } = desk;
  if (missing !== null) return <Missing key={subjectKey(missing)} desk={desk} missing={missing} />;
  if (list.current !== undefined || !desk.isReady.value) return <Calm title="Looking for photos …" />;
  return <NoPhoto desk={desk} />;
}

function NoPhoto({ desk }: { readonly desk: SingleDesk }) {
  const { store } = desk;
  const supply = desk.supply.value;
  const held = supply?.heldByOthers.value ?? null;
  const { collection, setup } = store;
  const problem = desk.trouble.value;
  if (desk.isForDisputes) return <NoDisputes collection={collection} problem={problem} />;
  if (!setup.mayReview) {
    return (
      <Calm
        title="Your role may look, but not review"
        links={{ 'Look at the photos in the grid': hrefOf(collection, 'grid', desk.view.value) }}
      />
    );
  }
  if (supply?.isComplete === true) return <Done desk={desk} />;
  if (problem !== null) return <Calm title="No photo can be loaded now">{`${problem}. The page tries again.`}</Calm>;
  if (supply === null || held === null) return <Calm title="Looking for photos …" />;
  if (held.length > 0) {
    return (
      <Calm title="Other pages have the last photos">
        {held.map((one) => (
          <Held
            key={`${one.reviewer} ${one.silentMs}`}
            you={setup.reviewer}
            held={one}
            onTake={(from) => supply.take(from)}
          />
        ))}
        Pages that are open keep theirs for longer. The photos come here if nobody gives a verdict.
      </Calm>
    );
  }
  return <Done desk={desk} />;
}

const MINUTE_MS = 60_000;

interface HeldProps {
  readonly held: HeldPhotos;
  readonly you: string | null;
  readonly onTake: (from: 'own' | 'silent') => void;
}

/** `3 photos are held by Ana until 14:05.` A button takes those of a silent page, and of another page of the same reviewer. */
function Held({ held: { reviewer, photos, until, silentMs }, you, onTake }: HeldProps) {
  const isOwn = reviewer !== null && reviewer === you;
  const page = reviewer === null ? 'Another page' : `${reviewer}'s page`;
  const silence = silentMs === null ? '' : `${page} is silent for ${Math.floor(silentMs / MINUTE_MS)} min. `;
  return (
    <>
      {silence}
      {`${countOf(photos, 'photo')} ${photos === 1 ? 'is' : 'are'} held by ${holderText(reviewer, you)} until ${clockText(until)}. `}
      {isOwn || silentMs !== null ? (
        <>
          <button type="button" class="chip" onClick={() => onTake(isOwn ? 'own' : 'silent')}>
            Take {photos === 1 ? 'it' : 'them'}
          </button>{' '}
        </>
      ) : null}
    </>
  );
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

function Done({ desk }: { readonly desk: SingleDesk }) {
  const { store } = desk;
  const { collection, cache } = store;
  const isComplete = desk.supply.value?.isComplete === true;
  const view = desk.view.value;
  const { accepted, rejected, unsure, disputed, open } = sumOfStates(cache.classes);
  const isFiltered = Object.values(view.filter).some((value) => value !== undefined);
  const allDone = isFiltered ? 'Nothing is open under this filter' : 'Every photo has its verdict';
  const next = { [`Review the next ${view.balanced}`]: hrefOf(collection, '', { ...view, photo: undefined }) };
  const quiz = { 'Quiz, for people who have not reviewed': `/c/${encodeURIComponent(collection)}/quiz` };
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
        ...(store.setup.mode === 'A' && accepted > 0 ? quiz : {}),
      }}
    >
      In all {cache.classes.length} classes: {accepted} accepted, {rejected} rejected, {unsure} unsure, {disputed}{' '}
      disputed, {open} open.
      {isFiltered || isComplete || !store.isSent ? null : <Next store={store} />}
    </Calm>
  );
}

/** The next step, as the server names it once it has all verdicts. The command that opens this page is left out. */
function Next({ store: { api, setup } }: { readonly store: ReviewStore }) {
  const next = useAnswer(() => api.next()).value;
  if (next === null) return null;
  return (
    <>
      {' '}
      {asTyped(next.text)}
      {next.command.startsWith('winnow review') ? null : (
        <>
          {' '}
          Next: <Command text={next.command} />
        </>
      )}
      {setup.withoutLicence === '' ? null : <> {asTyped(setup.withoutLicence)}</>}
    </>
  );
}
