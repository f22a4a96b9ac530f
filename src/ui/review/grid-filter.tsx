import type { ComponentChildren, TargetedSubmitEvent } from 'preact';
import type { ClassProgress, ReviewFilter, ReviewSetup } from '../../review/desk/desk.ts';
import type { PhotoFacets } from '../../review/desk/facets.ts';
import { countText } from '../../kernel/texts.ts';
import { Dialog } from './dialog.tsx';
import { STATES } from './grid-chips.ts';
import { viewOf } from './view-url.ts';
import { REASON_TEXTS, STATE_TEXTS } from './words.ts';

interface FilterDialogProps {
  readonly filter: ReviewFilter;
  readonly setup: ReviewSetup;
  readonly classes: readonly ClassProgress[];
  /** Null while they are being read. */
  readonly facets: PhotoFacets | null;
  readonly onChosen: (filter: ReviewFilter) => void;
  /** The dialog is closed, with or without a choice. */
  readonly onClose: () => void;
}

/** Asks for a filter. Field names are those of the page's address. */
export function FilterDialog({ onChosen, onClose, ...fields }: FilterDialogProps) {
  const choose = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    onClose();
    onChosen(event.submitter?.getAttribute('value') === 'none' ? {} : filterIn(new FormData(event.currentTarget)));
  };
  return (
    <Dialog title="Filter" kind="filter" onClose={onClose}>
      <form onSubmit={choose}>
        <Fields {...fields} />
        <p class="choices">
          <button class="chosen">Show</button>
          <button value="none">Show all photos</button>
        </p>
      </form>
    </Dialog>
  );
}

function Fields({ filter, setup, classes, facets }: Omit<FilterDialogProps, 'onChosen' | 'onClose'>) {
  return (
    <div class="fields">
      <Choice label="Searched as" name="class" value={filter.wnid} of={classChoices(classes)} isFirst />
      <Choice label="Models see" name="as" value={filter.confusion} of={predictedChoices(facets)} />
      <Choice label="State" name="state" value={filter.state} of={plainChoices(STATES, facets?.states, STATE_TEXTS)} />
      <Choice
        label="Reason"
        name="reason"
        value={filter.reason}
        of={plainChoices(setup.reasons, facets?.reasons, REASON_TEXTS)}
      />
      <Choice label="Source" name="source" value={filter.source} of={plainChoices(setup.sources, facets?.sources)} />
      <Choice label="Tag" name="tag" value={filter.tag} of={plainChoices(setup.tags, facets?.tags)} />
      <fieldset class="p-range">
        <legend>{setup.mode === 'A' ? 'p of the class searched' : 'p of the class predicted'}</legend>
        <Bound label="from" name="p-min" value={filter.pMin} />
        <Bound label="to" name="p-max" value={filter.pMax} />
      </fieldset>
      <div>
        <Check label="All models agree" name="noise" isOn={filter.noise} count={facets?.noise} />
        <Check label="Flagged" name="flagged" isOn={filter.flagged} count={facets?.flagged} />
      </div>
    </div>
  );
}

function Bound({ label, name, value }: Pick<ChoiceProps, 'label' | 'name'> & { readonly value: number | undefined }) {
  return (
    <label>
      {label} <input type="number" name={name} min="0" max="1" step="any" value={value ?? ''} inputMode="decimal" />
    </label>
  );
}

interface Option {
  readonly value: string;
  readonly text: string;
  readonly count?: number | undefined;
}

interface ChoiceProps {
  readonly label: string;
  readonly name: string;
  readonly value: string | undefined;
  readonly of: readonly Option[];
  /** It has the focus when the dialog opens. */
  readonly isFirst?: boolean;
}

/** A value that is set and not among the options stays one of them. */
function Choice({ label, name, value, of, isFirst = false }: ChoiceProps) {
  const isKnown = value === undefined || of.some((option) => option.value === value);
  return (
    <label>
      {label}
      <select name={name} value={value ?? ''} autofocus={isFirst}>
        <option value="">any</option>
        {isKnown ? null : <option value={value}>{value}</option>}
        {of.map((option) => (
          <option key={option.value} value={option.value}>
            {option.text}
            {counted(option.count)}
          </option>
        ))}
      </select>
    </label>
  );
}

interface CheckProps {
  readonly label: string;
  readonly name: string;
  readonly isOn: boolean | undefined;
  readonly count: number | undefined;
}

function Check({ label, name, isOn, count }: CheckProps): ComponentChildren {
  return (
    <label class="check">
      <input type="checkbox" name={name} value="1" checked={isOn === true} /> {label}
      {counted(count)}
    </label>
  );
}

function counted(count: number | undefined): string {
  return count === undefined ? '' : ` (${countText(count)})`;
}

/** The fields are named as in the page's address. */
function filterIn(data: FormData): ReviewFilter {
  const query = new URLSearchParams();
  for (const [name, value] of data) if (typeof value === 'string' && value !== '') query.set(name, value);
  return viewOf(`?${query}`).filter;
}

function classChoices(classes: readonly ClassProgress[]): Option[] {
  return classes
    .map(({ wnid, name, listed }) => ({ value: wnid, text: name, count: listed }))
    .toSorted((a, b) => a.text.localeCompare(b.text, 'en'));
}

function predictedChoices(facets: PhotoFacets | null): Option[] {
  return (facets?.predicted ?? []).map(({ wnid, name, photos }) => ({ value: wnid, text: name, count: photos }));
}

/** @param counts undefined while they are being read */
function plainChoices<Name extends string>(
  names: readonly Name[],
  counts: Readonly<Partial<Record<Name, number>>> | undefined,
  texts?: Readonly<Record<Name, string>>,
): Option[] {
  return names.map((name) => ({
    value: name,
    text: texts?.[name] ?? name,
    count: counts === undefined ? undefined : (counts[name] ?? 0),
  }));
}
