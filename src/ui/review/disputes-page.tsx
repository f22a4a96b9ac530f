import { useCallback, useEffect, useState } from 'preact/hooks';
import type { OwnReview, ReviewPhoto } from '../../review/desk.ts';
import type { Subject } from '../../review/event.ts';
import { countOf, countText } from '../shared/texts.ts';
import { ActionBar } from './action-bar.tsx';
import { PageLinks } from './class-page-frame.tsx';
import { totalsOf } from './classes-bar.tsx';
import { DisputedPhoto } from './disputes-photo.tsx';
import { readDisputes } from './disputes-read.ts';
import { HeaderBar } from './frame.tsx';
import { PhotoDialog } from './photo-dialog.tsx';
import { messageOf } from './api.ts';
import { judgementOf, type Command } from './keys.ts';
import type { ReviewSession } from './session.ts';
import { subjectKey } from './shelf.ts';
import { useKeys, useSession, type PageProps } from './use-session.ts';
import { hrefOf, viewOf } from './view-url.ts';

type OpenDialog = 'keys' | 'tags' | 'note' | null;

interface Disputes {
  /** The disputes that were there when the page was opened. Null while they are read. */
  readonly subjects: readonly Subject[] | null;
  readonly trouble: string | null;
  /** After the last one: how many there are. */
  readonly position: number;
  readonly dialog: OpenDialog;
  readonly setDialog: (dialog: OpenDialog) => void;
  readonly run: (command: Command) => void;
}

function useDisputes(session: ReviewSession): Disputes {
  const [subjects, setSubjects] = useState<readonly Subject[] | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [position, setPosition] = useState(0);
  const [dialog, setDialog] = useState<OpenDialog>(null);
  useEffect(() => {
    const { wnid } = viewOf(location.search).filter;
    readDisputes(session, wnid).then(setSubjects, (error: unknown) => setTrouble(messageOf(error)));
  }, [session]);
  const run = useCallback(
    (command: Command): void => {
      const judgement = judgementOf(command, session.setup.reasons);
      const subject = subjects?.[position];
      const doers: Readonly<Partial<Record<Command, () => void>>> = {
        next: () => setPosition(Math.min(subjects?.length ?? 0, position + 1)),
        previous: () => setPosition(Math.max(0, position - 1)),
        undo: () => setPosition(positionAfter('undo', { session, subjects, position })),
        redo: () => setPosition(positionAfter('redo', { session, subjects, position })),
        keys: () => setDialog('keys'),
        view: () => location.assign(hrefOf(session.collection, 'grid', { filter: { state: 'disputed' } })),
      };
      const photoDoers: typeof doers = {
        flag: () => (subject === undefined ? undefined : session.flag([subject])),
        tags: () => setDialog('tags'),
        note: () => setDialog('note'),
      };
      if (judgement !== null && subject !== undefined) {
        session.record({ kind: 'adjudicate', subjects: [subject], value: judgement });
        setPosition(position + 1);
      } else (doers[command] ?? (subject === undefined ? undefined : photoDoers[command]))?.();
    },
    [session, subjects, position],
  );
  return { subjects, trouble, position, dialog, setDialog, run };
}

/** Photos on which people disagree, one after the other. */
export function DisputesPage({ session }: PageProps) {
  useSession(session);
  const { subjects, trouble, position, dialog, setDialog, run } = useDisputes(session);
  useKeys('single', { run });
  const current = subjects?.slice(position, position + 1) ?? [];
  const [photo] = current.map((subject) => session.shelf.photo(subject));
  return (
    <main class="review-page disputes-page" data-ready={subjects === null ? undefined : ''}>
      <DisputesHeader session={session} place={placeText(position, subjects?.length ?? 0)} />
      {photo === undefined ? (
        <End session={session} count={subjects?.length ?? null} trouble={trouble} />
      ) : (
        <DisputedPhoto session={session} photo={photo} />
      )}
      <ActionBar session={session} own={ownBeside(photo)} isReady={photo !== undefined} onCommand={run} />
      {dialog === null ? null : (
        <PhotoDialog
          session={session}
          dialog={dialog}
          view="single"
          subjects={current}
          onClose={() => setDialog(null)}
        />
      )}
    </main>
  );
}

/** What the bar shows of one's own: not the opinion, because what one settles is another thing. */
function ownBeside(photo: ReviewPhoto | undefined): OwnReview | null {
  return photo === undefined ? null : { ...photo.mine, verdict: null, reason: null };
}

function placeText(position: number, count: number): string {
  if (count === 0) return 'disputes';
  return `dispute ${countText(Math.min(position + 1, count))} of ${countText(count)}`;
}

function DisputesHeader({ session, place }: { readonly session: ReviewSession; readonly place: string }) {
  const { classes } = session.shelf;
  return (
    <HeaderBar
      session={session}
      place={place}
      classes={classes}
      detail={`${countText(totalsOf(classes).disputed)} disputed`}
    >
      <PageLinks collection={session.collection} />
    </HeaderBar>
  );
}

interface Place {
  readonly session: ReviewSession;
  readonly subjects: readonly Subject[] | null;
  readonly position: number;
}

/** Undoes or redoes, and says which photo is shown then. */
function positionAfter(command: 'undo' | 'redo', { session, subjects, position }: Place): number {
  const action = command === 'undo' ? session.undo() : session.redo();
  const key = action === null ? '' : subjectKey(action.subject);
  const found = subjects?.findIndex((subject) => subjectKey(subject) === key) ?? -1;
  return found === -1 ? position : found;
}

interface EndProps {
  readonly session: ReviewSession;
  /** Disputes that there were; null while they are read. */
  readonly count: number | null;
  readonly trouble: string | null;
}

/** What stands in place of a photo. */
function End({ session: { collection, shelf }, count, trouble }: EndProps) {
  if (count === null) return <p class="quiet nothing">{trouble ?? 'Reading the disputes …'}</p>;
  return (
    <div class="review-end">
      <h1>{count === 0 ? 'No disputes' : 'That was the last one'}</h1>
      <p class="quiet">
        {count === 0
          ? 'Wherever two people have judged a photo, they agree, or it was settled.'
          : `${countOf(count, 'dispute')} seen, ${countText(totalsOf(shelf.classes).disputed)} not settled. Undo takes the last decision back.`}
      </p>
      <p class="ways-in">
        <a class="button yes" href={hrefOf(collection, '')}>
          Go on with the review
        </a>
        <a class="button" href={hrefOf(collection, 'classes')}>
          All classes
        </a>
        <a class="button" href={hrefOf(collection, 'agreement')}>
          Agreement
        </a>
      </p>
    </div>
  );
}
