import { useState } from 'preact/hooks';
import type { Subject } from '../../../core/review/events/event.ts';
import { ClassPicker } from '../picker/class-picker.tsx';
import type { Desk } from './desk.ts';
import { Dialog } from './dialog.tsx';

interface AlsoProps {
  readonly desk: Desk;
  readonly subjects: readonly Subject[];
}

/** Names further classes of one photo. What is chosen is stored as one action when the dialog is saved. */
export function AlsoDialog({ desk, subjects }: AlsoProps) {
  const { store, closeDialog } = desk;
  const [subject] = subjects;
  const photo = subject === undefined ? undefined : store.cache.photo(subject);
  const before = photo?.mine.alsoWnids ?? [];
  const [chosen, choose] = useState(before);
  const toggle = (wnid: string): void =>
    choose(chosen.includes(wnid) ? chosen.filter((one) => one !== wnid) : [...chosen, wnid]);
  const save = (): void => {
    closeDialog();
    const alsoWnids = chosen.toSorted();
    if (alsoWnids.join() === before.join()) return;
    store.record({ kind: 'also', subjects, value: { alsoWnids } });
    store.say(
      alsoWnids.length === 0 ? 'No other class' : `Also visible: ${alsoWnids.map(desk.nameOfFurther).join(', ')}`,
    );
  };
  return (
    <Dialog title="Which other classes are clearly visible?" kind="also" onClose={closeDialog}>
      <ClassPicker
        label="Class"
        classes={store.classNames()?.filter(({ wnid }) => wnid !== photo?.wnid) ?? null}
        offered={[...new Set([...chosen, ...(photo === undefined ? [] : desk.predictedFor(photo))])]}
        chosen={chosen}
        onPick={toggle}
        onDone={save}
      />
      <p class="choices">
        <button type="button" class="chosen" onClick={save}>
          Save
        </button>
        <small>Enter adds or removes, then saves; Escape cancels</small>
      </p>
    </Dialog>
  );
}
