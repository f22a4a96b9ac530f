import { countOf } from '../shared/texts.ts';
import type { Subject } from '../../review/event.ts';
import { FilterDialog } from './grid-filter.tsx';
import type { Grid } from './grid-model.ts';
import { KeysDialog } from './keys-dialog.tsx';
import { NoteDialog } from './note-dialog.tsx';
import type { ReviewSession } from './session.ts';
import { TagsDialog } from './tags-dialog.tsx';

/** The dialog that is open. */
export function GridDialogs({ grid }: { readonly grid: Grid }) {
  const { session, dialog, view, facets } = grid;
  const close = (): void => grid.setDialog(null);
  if (dialog === null) return null;
  if (dialog !== 'filter') return <PhotoDialog {...{ session, dialog }} subjects={grid.targets()} onClose={close} />;
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
  /** The photos that get the tags or the note. */
  readonly subjects: readonly Subject[];
  readonly onClose: () => void;
}

/** What a reviewer says of photos besides a verdict; or the keys. */
export function PhotoDialog({ session, dialog, subjects, onClose }: PhotoDialogProps) {
  const photos = countOf(subjects.length, 'photo');
  const own = subjects.map((subject) => session.shelf.photo(subject)?.mine);
  if (dialog === 'keys') return <KeysDialog session={session} view="grid" onClose={onClose} />;
  if (dialog === 'note') {
    return (
      <NoteDialog
        title={subjects.length === 1 ? 'Note' : `Note on ${photos}`}
        text={own.length === 1 ? (own[0]?.note ?? '') : ''}
        onSave={(note) => {
          session.record({ kind: 'note', subjects, value: { note } });
          session.say(`Note on ${photos} saved`);
          onClose();
        }}
        onClose={onClose}
      />
    );
  }
  const [first, ...others] = own;
  const common = (first?.tags ?? []).filter((tag) => others.every((one) => one?.tags.includes(tag) === true));
  return (
    <TagsDialog
      offered={session.setup.tags}
      chosen={common}
      onSave={(tags) => {
        session.record({ kind: 'tag', subjects, value: { tags } });
        session.say(`Tags of ${photos} saved`);
        onClose();
      }}
      onClose={onClose}
    />
  );
}
