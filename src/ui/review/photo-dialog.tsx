import { useEffect, useState } from 'preact/hooks';
import type { Subject } from '../../review/events/event.ts';
import { countOf } from '../../kernel/texts.ts';
import { messageOf } from './api.ts';
import { Dialog } from './dialog.tsx';
import { FilterDialog } from './grid-filter.tsx';
import type { Grid } from './grid-model.ts';
import { tagChanges } from './grid-tags.ts';
import { COMMAND_NAMES, COMMANDS, isIn, keysOf, keyText, reasonOf, type Command } from './keys.ts';
import type { ReviewSession } from './session.ts';
import { TagsDialog } from './tags-dialog.tsx';
import { REASON_TEXTS } from './words.ts';

/** The grid's open dialog. */
export function GridDialogs({ grid }: { readonly grid: Grid }) {
  const { session, dialog, view, facets } = grid;
  const close = (): void => grid.setDialog(null);
  if (dialog === null) return null;
  if (dialog !== 'filter')
    return <PhotoDialog {...{ session, dialog }} view="grid" subjects={grid.targets()} onClose={close} />;
  return (
    <FilterDialog
      filter={view.filter}
      setup={session.setup}
      classes={session.shelf.classes}
      facets={facets.now}
      onChosen={(filter) => grid.go({ filter, order: view.order })}
      onClose={close}
    />
  );
}

interface PhotoDialogProps {
  readonly session: ReviewSession;
  readonly dialog: 'keys' | 'tags' | 'note';
  /** The view whose keys are shown. */
  readonly view: 'single' | 'grid';
  /** The photos that get the tags or the note. */
  readonly subjects: readonly Subject[];
  readonly onClose: () => void;
}

/** The dialog for tags, for a note, or for the list of keys. */
export function PhotoDialog({ session, dialog, view, subjects, onClose }: PhotoDialogProps) {
  if (dialog === 'keys') return <KeysDialog session={session} view={view} onClose={onClose} />;
  const Fields = dialog === 'note' ? NoteOfPhotos : TagsOfPhotos;
  return <Fields {...{ session, subjects, onClose }} />;
}

type FieldsProps = Omit<PhotoDialogProps, 'dialog' | 'view'>;

/** For several photos, an empty field leaves their notes unchanged. */
function NoteOfPhotos({ session, subjects, onClose }: FieldsProps) {
  const photos = countOf(subjects.length, 'photo');
  const [first, ...others] = subjects;
  const before = first === undefined || others.length > 0 ? '' : (session.shelf.photo(first)?.mine.note ?? '');
  return (
    <NoteDialog
      title={others.length === 0 ? 'Note' : `Note on ${photos}`}
      text={before}
      onSave={(note) => {
        onClose();
        if (note === before) return;
        session.record({ kind: 'note', subjects, value: { note } });
        session.say(`Note on ${photos} saved`);
      }}
      onClose={onClose}
    />
  );
}

function TagsOfPhotos({ session, subjects, onClose }: FieldsProps) {
  const trouble = useLoaded(session, subjects);
  if (trouble !== null) {
    return (
      <Dialog title="Tags" onClose={onClose}>
        <p role="status">{trouble}</p>
      </Dialog>
    );
  }
  const photos = subjects.flatMap((subject) => {
    const tags = session.shelf.photo(subject)?.mine.tags;
    return tags === undefined ? [] : [{ subject, tags }];
  });
  return (
    <TagsDialog
      offered={session.setup.tags}
      chosen={photos.map(({ tags }) => tags)}
      onSave={(toggled) => {
        onClose();
        const changes = tagChanges(photos, toggled);
        for (const { subjects: changed, tags } of changes)
          session.record({ kind: 'tag', subjects: changed, value: { tags } });
        const count = changes.reduce((sum, change) => sum + change.subjects.length, 0);
        if (count > 0) session.say(`Tags of ${countOf(count, 'photo')} saved`);
      }}
      onClose={onClose}
    />
  );
}

/** Reads the photos that the page does not have. Returns why the dialog waits; `null` when all are loaded. */
function useLoaded(session: ReviewSession, subjects: readonly Subject[]): string | null {
  const [trouble, setTrouble] = useState<string | null>(() =>
    subjects.every((subject) => session.shelf.photo(subject) !== undefined) ? null : 'Reading the photos …',
  );
  useEffect(() => {
    if (trouble === null) return;
    session.load(subjects).then(
      () => setTrouble(null),
      (error: unknown) => setTrouble(messageOf(error)),
    );
  }, []);
  return trouble;
}

interface NoteDialogProps {
  readonly title: string;
  readonly text: string;
  readonly onSave: (text: string) => void;
  readonly onClose: () => void;
}

/** A field for a note. Enter saves it, Shift+Enter starts a line, Escape discards the changes. */
function NoteDialog({ title, text, onSave, onClose }: NoteDialogProps) {
  const [now, setNow] = useState(text);
  return (
    <Dialog title={title} onClose={onClose}>
      <textarea
        rows={4}
        value={now}
        maxLength={2_000}
        aria-label={title}
        autofocus
        onInput={({ currentTarget }) => setNow(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          onSave(now.trim());
        }}
      />
      <p class="choices">
        <button type="button" class="chosen" onClick={() => onSave(now.trim())}>
          Save
        </button>
        <small>Enter saves, Escape cancels</small>
      </p>
    </Dialog>
  );
}

interface KeysDialogProps {
  readonly session: ReviewSession;
  readonly view: 'single' | 'grid';
  readonly onClose: () => void;
}

function KeysDialog({ session, view, onClose }: KeysDialogProps) {
  return (
    <Dialog title="Keys" kind="keys" onClose={onClose}>
      <ul>
        {COMMAND_NAMES.filter((command) => isIn(command, view)).map((command) => (
          <li key={command}>
            <span>{textOf(session, command)}</span>
            <span>
              {keysOf(command).map((key) => (
                <kbd key={key}>{keyText(key)}</kbd>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function textOf({ setup }: ReviewSession, command: Command): string {
  const reason = reasonOf(command, setup.reasons);
  return reason === undefined ? COMMANDS[command].text : `Reject: ${REASON_TEXTS[reason]}`;
}
