import { useEffect, useState } from 'preact/hooks';
import type { ReviewPhoto } from '../../../review/desk/desk.ts';
import type { Subject } from '../../../review/events/event.ts';
import { NoReferences } from './class-panel.tsx';
import { Dialog } from '../dialog.tsx';
import { subjectKey } from '../store/history.ts';
import { keyName, keysOf } from '../keys.ts';
import { PhotoDialog } from '../photo-dialog.tsx';
import { predictedIn, type SingleDesk } from './single-desk.ts';

export function SingleDialog({ desk }: { readonly desk: SingleDesk }) {
  const { dialog } = desk;
  const [subject] = dialog?.subjects ?? [];
  const photo = subject === undefined ? undefined : desk.store.shelf.photo(subject);
  if (dialog !== null && photo !== undefined) {
    if (dialog.kind === 'seen') return <Seen desk={desk} photo={photo} />;
    if (dialog.kind === 'compare') {
      const others = [{ path: `/previews/${dialog.sha256}`, name: 'near-duplicate' }];
      return <Compare title="Near-duplicate" photo={photo} others={others} closeKeys={[]} onClose={desk.closeDialog} />;
    }
    if (dialog.kind === 'references') return <References desk={desk} photo={photo} of={dialog.of} />;
  }
  return <PhotoDialog desk={desk} facets={null} />;
}

interface ReferencesProps {
  readonly desk: SingleDesk;
  readonly photo: ReviewPhoto;
  readonly of: 'searched' | 'predicted';
}

function References({ desk, photo, of }: ReferencesProps) {
  const [wnid, title] = of === 'searched' ? [photo.wnid, photo.name] : [photo.confusionWnid, photo.confusionName];
  if (wnid === null || title === null) return null;
  return (
    <Compare
      title={title}
      photo={photo}
      others={desk.classPage(wnid)?.references ?? []}
      closeKeys={keysOf(of === 'searched' ? 'references' : 'predicted-references')}
      onClose={desk.closeDialog}
    />
  );
}

interface CompareProps {
  readonly title: string;
  readonly photo: ReviewPhoto;
  readonly others: readonly { readonly path: string; readonly name: string }[];
  readonly closeKeys: readonly string[];
  readonly onClose: () => void;
}

function Compare({ title, photo, others, closeKeys, onClose }: CompareProps) {
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
        {others.length === 0 ? <NoReferences /> : null}
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

interface SeenProps {
  readonly desk: SingleDesk;
  readonly photo: ReviewPhoto;
}

const SHOWN = 12;

/** Mode O: the likely classes first. The answer is stored in the note, because it can be any text. */
function Seen({ desk: { closeDialog, evidence, store }, photo }: SeenProps) {
  const [text, setText] = useState('');
  const subjects: readonly Subject[] = [{ sha256: photo.sha256, wnid: photo.wnid }];
  const names = [
    ...new Set([...predictedIn(evidence.get(subjectKey(photo))).map(({ name }) => name), ...store.setup.classNames]),
  ];
  const fitting = names.filter((name) => name.toLowerCase().includes(text.trim().toLowerCase())).slice(0, SHOWN);
  const save = (name: string): void => {
    closeDialog();
    const { note: before } = photo.mine;
    const note = `${before}${before === '' ? '' : '\n'}sees: ${name}`;
    store.record({ kind: 'note', subjects, value: { note } });
    store.say(`Note: ${note}`);
  };
  return (
    <Dialog title="Which class is visible?" onClose={closeDialog}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() === '') closeDialog();
          else save(fitting[0] ?? text.trim());
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
              <button type="button" onClick={() => save(name)}>
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
