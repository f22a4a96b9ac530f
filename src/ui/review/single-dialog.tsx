import { useEffect, useState } from 'preact/hooks';
import type { PhotoEvidenceShown, ReviewPhoto } from '../../review/desk/desk.ts';
import type { Subject } from '../../review/events/event.ts';
import { Dialog } from './dialog.tsx';
import { keyName, keysOf } from './keys.ts';
import { PhotoDialog } from './photo-dialog.tsx';
import { subjectKey } from './shelf.ts';
import type { SingleDesk } from './single-desk.ts';

export type DialogShown =
  | { readonly kind: 'keys' }
  | { readonly kind: 'tags' }
  | { readonly kind: 'note' }
  | { readonly kind: 'references'; readonly of: 'searched' | 'predicted' }
  | { readonly kind: 'compare'; readonly sha256: string }
  /** Asks which class is visible on a photo that was just rejected for its class. */
  | { readonly kind: 'seen'; readonly subject: Subject };

interface SingleDialogProps {
  readonly desk: SingleDesk;
  readonly shown: DialogShown;
  /** The photo for which the dialog was opened. */
  readonly photo: ReviewPhoto | null;
  readonly onClose: () => void;
}

/** The dialogs of the single view. */
export function SingleDialog({ desk, shown, photo, onClose }: SingleDialogProps) {
  const { session } = desk;
  if (shown.kind === 'seen') return <Seen desk={desk} subject={shown.subject} onClose={onClose} />;
  if (shown.kind === 'keys') return <PhotoDialog {...{ session, onClose }} dialog="keys" view="single" subjects={[]} />;
  if (photo === null) return null;
  if (shown.kind === 'compare') {
    const others = [{ path: `/previews/${shown.sha256}`, name: 'near-duplicate' }];
    return <CompareDialog title="Near-duplicate" photo={photo} others={others} closeKeys={[]} onClose={onClose} />;
  }
  if (shown.kind === 'tags' || shown.kind === 'note') {
    const subjects = [{ sha256: photo.sha256, wnid: photo.wnid }];
    return <PhotoDialog {...{ session, subjects, onClose }} dialog={shown.kind} view="single" />;
  }
  const isSearched = shown.of === 'searched';
  const page = desk.classPage(isSearched ? photo.wnid : photo.confusionWnid);
  return (
    <CompareDialog
      title={isSearched ? photo.name : photo.confusionName}
      photo={photo}
      others={page?.references ?? []}
      closeKeys={keysOf(isSearched ? 'references' : 'predicted-references')}
      onClose={onClose}
    />
  );
}

interface SeenProps {
  readonly desk: SingleDesk;
  readonly subject: Subject;
  readonly onClose: () => void;
}

/** Stores the answer in the photo's note, because it can be any text. */
function Seen({ desk, subject, onClose }: SeenProps) {
  const save = (name: string): void => {
    onClose();
    const before = desk.session.shelf.photo(subject)?.mine.note ?? '';
    const note = `${before}${before === '' ? '' : '\n'}sees: ${name}`;
    desk.session.record({ kind: 'note', subjects: [subject], value: { note } });
    desk.session.say(`Note: ${note}`);
  };
  const likely = namesIn(desk.evidence.get(subjectKey(subject)));
  const names = [...new Set([...likely, ...desk.session.setup.classNames])];
  return <SeenDialog names={names} onName={save} onClose={onClose} />;
}

interface CompareDialogProps {
  readonly title: string;
  /** The photo to judge. */
  readonly photo: { readonly sha256: string; readonly name: string };
  readonly others: readonly { readonly path: string; readonly name: string }[];
  /** Keys that close the dialog, in addition to Escape. */
  readonly closeKeys: readonly string[];
  readonly onClose: () => void;
}

/** The photo to judge beside others, as large as the window allows. */
function CompareDialog({ title, photo, others, closeKeys, onClose }: CompareDialogProps) {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!closeKeys.includes(keyName(event) ?? '')) return;
      event.preventDefault();
      onClose();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [closeKeys, onClose]);
  return (
    <Dialog title={title} kind="compare" onClose={onClose}>
      <div class={`pictures of-${Math.min(others.length + 1, 4)}`}>
        <figure>
          <img src={`/previews/${photo.sha256}`} alt={`Photo to judge, searched as ${photo.name}`} />
          <figcaption>to judge</figcaption>
        </figure>
        {others.map(({ path, name }) => (
          <figure key={path}>
            <img src={path} alt={name} />
            <figcaption>{name}</figcaption>
          </figure>
        ))}
      </div>
    </Dialog>
  );
}

interface SeenDialogProps {
  /** All classes, the models' likely ones first. */
  readonly names: readonly string[];
  readonly onName: (name: string) => void;
  readonly onClose: () => void;
}

const SHOWN = 12;

/** Asks in mode O which of the 1,000 classes is visible. Enter picks the first match, Escape picks none. */
function SeenDialog({ names, onName, onClose }: SeenDialogProps) {
  const [text, setText] = useState('');
  const fitting = names.filter((name) => name.toLowerCase().includes(text.trim().toLowerCase())).slice(0, SHOWN);
  return (
    <Dialog title="Which class is visible?" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const name = fitting[0] ?? text.trim();
          if (text.trim() === '') onClose();
          else onName(name);
        }}
      >
        <input
          value={text}
          aria-label="Class"
          placeholder="type a part of its name"
          autofocus
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <ul class="names">
          {fitting.map((name) => (
            <li key={name}>
              <button type="button" onClick={() => onName(name)}>
                {name}
              </button>
            </li>
          ))}
        </ul>
        <p>
          <small>Enter takes the first one, or what you typed. Escape names none.</small>
        </p>
      </form>
    </Dialog>
  );
}

/** The classes in the top five of any crop of any model, the most probable first. */
function namesIn(evidence: PhotoEvidenceShown | string | null): readonly string[] {
  if (evidence === null || typeof evidence === 'string') return [];
  const tops = [...evidence.members, ...evidence.outside].flatMap(({ crops }) => crops.flatMap(({ top }) => top));
  const all = [...evidence.alsoSeen, ...tops].toSorted((a, b) => b.prob - a.prob);
  return [...new Set(all.map(({ name }) => name))];
}
