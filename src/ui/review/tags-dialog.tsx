import { useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';

interface TagsDialogProps {
  /** The tags of the collection. */
  readonly offered: readonly string[];
  readonly chosen: readonly string[];
  readonly onSave: (tags: readonly string[]) => void;
  readonly onClose: () => void;
}

/** Tags as a list of check boxes. The keys 1 to 9 tick the first nine, Enter saves, Escape leaves the photo as it is. */
export function TagsDialog({ offered, chosen, onSave, onClose }: TagsDialogProps) {
  const [tags, setTags] = useState(chosen);
  const all = [...new Set([...offered, ...chosen])];
  const toggle = (tag: string): void =>
    setTags((now) => (now.includes(tag) ? now.filter((one) => one !== tag) : [...now, tag]));
  const press = (event: KeyboardEvent): void => {
    const tag = /^[1-9]$/.test(event.key) ? all[Number(event.key) - 1] : undefined;
    if (tag !== undefined) toggle(tag);
    if (event.key !== 'Enter') return;
    event.preventDefault();
    onSave(tags);
  };
  return (
    <Dialog title="Tags" onClose={onClose}>
      <div onKeyDown={press}>
        <ul class="ticks">
          {all.map((tag, i) => (
            <li key={tag}>
              <label>
                <input type="checkbox" checked={tags.includes(tag)} onChange={() => toggle(tag)} autofocus={i === 0} />
                {tag} {i < 9 ? <kbd aria-hidden="true">{i + 1}</kbd> : null}
              </label>
            </li>
          ))}
        </ul>
        <p class="choices">
          <button type="button" class="chosen" onClick={() => onSave(tags)}>
            Save
          </button>
          <small>Enter saves, Escape cancels</small>
        </p>
      </div>
    </Dialog>
  );
}
