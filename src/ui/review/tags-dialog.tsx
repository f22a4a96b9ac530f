import { useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';
import { markOf, nextMark, type TagMark } from './grid-tags.ts';

interface TagsDialogProps {
  /** The tags of the collection. */
  readonly offered: readonly string[];
  /** The tags of each photo. */
  readonly chosen: readonly (readonly string[])[];
  /** `toggled`: the tags that all photos get (true) or lose (false). */
  readonly onSave: (toggled: ReadonlyMap<string, boolean>) => void;
  readonly onClose: () => void;
}

/** Tags as a list of check boxes. The keys 1 to 9 tick the first nine, Enter saves, Escape leaves the photos as they are. */
export function TagsDialog({ offered, chosen, onSave, onClose }: TagsDialogProps) {
  const [marks, setMarks] = useState<ReadonlyMap<string, TagMark>>(new Map());
  const all = [...new Set([...offered, ...chosen.flat()])];
  const toggle = (tag: string): void => {
    const before = markOf(tag, chosen);
    setMarks((now) => new Map(now).set(tag, nextMark(now.get(tag) ?? before, before)));
  };
  const save = (): void =>
    onSave(new Map([...marks].flatMap(([tag, mark]) => (mark === 'mixed' ? [] : [[tag, mark] as const]))));
  const press = (event: KeyboardEvent): void => {
    const tag = /^[1-9]$/.test(event.key) ? all[Number(event.key) - 1] : undefined;
    if (tag !== undefined) toggle(tag);
    if (event.key !== 'Enter') return;
    event.preventDefault();
    save();
  };
  return (
    <Dialog title="Tags" onClose={onClose}>
      <div onKeyDown={press}>
        <ul class="ticks">
          {all.map((tag, i) => (
            <li key={tag}>
              <label>
                <TagBox mark={marks.get(tag) ?? markOf(tag, chosen)} isFirst={i === 0} onToggle={() => toggle(tag)} />
                {tag} {i < 9 ? <kbd aria-hidden="true">{i + 1}</kbd> : null}
              </label>
            </li>
          ))}
        </ul>
        <p class="choices">
          <button type="button" class="chosen" onClick={save}>
            Save
          </button>
          <small>Enter saves, Escape cancels</small>
        </p>
      </div>
    </Dialog>
  );
}

interface TagBoxProps {
  readonly mark: TagMark;
  readonly isFirst: boolean;
  readonly onToggle: () => void;
}

function TagBox({ mark, isFirst, onToggle }: TagBoxProps) {
  return (
    <input
      type="checkbox"
      checked={mark === true}
      indeterminate={mark === 'mixed'}
      aria-checked={mark === 'mixed' ? 'mixed' : undefined}
      onChange={onToggle}
      autofocus={isFirst}
    />
  );
}
