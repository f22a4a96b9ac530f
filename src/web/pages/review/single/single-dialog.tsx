import { useLayoutEffect } from 'preact/hooks';
import type { ReviewPhoto } from '../../../../core/review/desk/desk.ts';
import { ClassPicker } from '../../picker/class-picker.tsx';
import { NoReferences } from './class-panel.tsx';
import { Dialog } from '../dialog.tsx';
import { keyName, keysOf } from '../keys.ts';
import { PhotoDialog } from '../photo-dialog.tsx';
import type { SingleDesk } from './single-desk.ts';

export function SingleDialog({ desk }: { readonly desk: SingleDesk }) {
  const dialog = desk.dialog.value;
  const [subject] = dialog?.subjects ?? [];
  const photo = subject === undefined ? undefined : desk.store.cache.photo(subject);
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
  useLayoutEffect(() => {
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

/** Mode O: the likely classes first. The name goes into the note. */
function Seen({ desk, photo }: SeenProps) {
  const { store, closeDialog } = desk;
  const save = (wnid: string): void => {
    closeDialog();
    const { note: before } = photo.mine;
    const note = `${before}${before === '' ? '' : '\n'}sees: ${desk.nameOfFurther(wnid)}`;
    store.record({ kind: 'note', subjects: [{ sha256: photo.sha256, wnid: photo.wnid }], value: { note } });
    store.say(`Note: ${note}`);
  };
  return (
    <Dialog title="Which class is visible?" kind="also" onClose={closeDialog}>
      <ClassPicker
        label="Class"
        classes={store.classNames()}
        offered={desk.predictedFor(photo)}
        onPick={save}
        onDone={closeDialog}
      />
      <p>
        <small>Enter takes the marked one. Escape names none.</small>
      </p>
    </Dialog>
  );
}
