import { useEffect } from 'preact/hooks';
import { Dialog } from './dialog.tsx';
import { keyName } from './keys.ts';

interface CompareDialogProps {
  readonly title: string;
  /** The photo to judge. */
  readonly photo: { readonly sha256: string; readonly name: string };
  readonly others: readonly { readonly path: string; readonly name: string }[];
  /** Keys that close the dialog, beside Escape. */
  readonly closeKeys: readonly string[];
  readonly onClose: () => void;
}

/** The photo to judge beside others, as large as the window allows. */
export function CompareDialog({ title, photo, others, closeKeys, onClose }: CompareDialogProps) {
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
