import { useId, useState } from 'preact/hooks';
import type { NamedClass } from '../../../core/collection/label-index.ts';
import { findNames, type FoundName } from './match.ts';

interface ClassPickerProps {
  /** All classes that can be named, by wnid; null while they are read. */
  readonly classes: readonly NamedClass[] | null;
  /** Classes to offer before anything is typed, such as what the models predict. Empty for a blind choice. */
  readonly offered?: readonly string[];
  /** Classes that are chosen already. They are marked. */
  readonly chosen?: readonly string[];
  readonly label: string;
  readonly onPick: (wnid: string) => void;
  /** Enter without a text. */
  readonly onDone?: () => void;
}

const SHOWN = 10;

/** A field that finds classes by their names and synonyms. Arrows choose one, Enter picks it and empties the field. */
export function ClassPicker(props: ClassPickerProps) {
  const { classes, chosen = [], label, onPick } = props;
  const [text, setText] = useState('');
  const [at, setAt] = useState<number | null>(null);
  const id = useId();
  const shown = shownFor(text, props);
  // Something typed means its best match. Without a text Enter is done, unless an arrow has chosen a class.
  const active = at ?? (text.trim() === '' ? -1 : 0);
  const type = (typed: string): void => {
    setText(typed);
    setAt(null);
  };
  const pick = (wnid: string): void => {
    type('');
    onPick(wnid);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by !== undefined) setAt(Math.max(0, Math.min(shown.length - 1, active + by)));
    else if (event.key !== 'Enter') return;
    else if (shown[active] !== undefined) pick(shown[active].wnid);
    else if (text.trim() === '') props.onDone?.();
    event.preventDefault();
  };
  return (
    <div class="class-picker">
      <input
        type="text"
        value={text}
        role="combobox"
        aria-label={label}
        aria-expanded={shown.length > 0}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={shown[active] === undefined ? undefined : `${id}-${active}`}
        placeholder="type a name"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        autofocus
        onInput={({ currentTarget }) => type(currentTarget.value)}
        onKeyDown={press}
      />
      <Options {...{ id, label, shown, chosen, active, pick }} />
      <p role="status">{statusOf(text, classes, shown)}</p>
    </div>
  );
}

interface OptionsProps {
  readonly id: string;
  readonly label: string;
  readonly shown: readonly FoundName[];
  readonly chosen: readonly string[];
  /** The place of the class that Enter picks; -1 if none. */
  readonly active: number;
  readonly pick: (wnid: string) => void;
}

function Options({ id, label, shown, chosen, active, pick }: OptionsProps) {
  return (
    <ul role="listbox" id={id} aria-label={label}>
      {shown.map(({ wnid, name, synonym }, i) => (
        <li
          key={wnid}
          id={`${id}-${i}`}
          role="option"
          aria-selected={i === active}
          class={chosen.includes(wnid) ? 'picked' : ''}
          // A click does not move the focus, so that the next name can be typed.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => pick(wnid)}
        >
          <bdi>{name}</bdi> {synonym === null ? null : <small>{synonym}</small>}
        </li>
      ))}
    </ul>
  );
}

function shownFor(text: string, { classes, offered = [] }: ClassPickerProps): FoundName[] {
  if (text.trim() !== '') return findNames(text, classes ?? [], SHOWN);
  const byWnid = new Map(classes?.map((one) => [one.wnid, one]));
  return offered.slice(0, SHOWN).flatMap((wnid) => {
    const one = byWnid.get(wnid);
    return one === undefined ? [] : [{ ...one, synonym: null }];
  });
}

function statusOf(text: string, classes: readonly NamedClass[] | null, shown: readonly FoundName[]): string {
  if (classes === null) return 'Reading the classes …';
  return text.trim() !== '' && shown.length === 0 ? 'No class has this name.' : '';
}
