import type { ComponentChildren, TargetedSubmitEvent } from 'preact';
import type { ReviewFilter } from '../../../../core/review/desk/desk.ts';
import type { PhotoFacets } from '../../../../core/review/desk/facets.ts';
import { PHOTO_VERDICTS } from '../../../../core/kernel/photo-filter.ts';
import { countText, tagText } from '../../../../core/kernel/texts.ts';
import type { Desk } from '../desk.ts';
import { Dialog } from '../dialog.tsx';
import { parseView } from '../view-url.ts';
import { MODE_WORDS, REASON_TEXTS, STATES } from '../words.ts';

interface FilterDialogProps {
  readonly desk: Desk;
  readonly facets: PhotoFacets | null;
}

export function GridFilterDialog({ desk, facets }: FilterDialogProps) {
  const choose = (data: FormData): void => {
    desk.closeDialog();
    desk.go({ filter: filterIn(data), order: desk.view.value.order });
  };
  return (
    <Dialog title="Filter" kind="filter" onClose={desk.closeDialog}>
      <FilterForm onChoose={choose}>
        <Fields desk={desk} facets={facets} />
      </FilterForm>
    </Dialog>
  );
}

interface FilterFormProps {
  /** The data is empty for all photos. */
  readonly onChoose: (data: FormData) => void;
  readonly children: ComponentChildren;
}

export function FilterForm({ onChoose, children }: FilterFormProps) {
  const choose = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const isNone = event.submitter?.getAttribute('value') === 'none';
    onChoose(isNone ? new FormData() : new FormData(event.currentTarget));
  };
  return (
    <form onSubmit={choose}>
      <div class="fields">{children}</div>
      <p class="choices">
        <button class="chosen">Show</button>
        <button value="none">Show all photos</button>
      </p>
    </form>
  );
}

function Fields({ desk, facets }: FilterDialogProps) {
  const { setup, cache } = desk.store;
  const { filter } = desk.view.value;
  const classes = cache.classes
    .map(({ wnid, name, listed }): Option => [wnid, name, listed])
    .toSorted(([, a], [, b]) => a.localeCompare(b, 'en'));
  const predicted = facets?.predicted.map(({ wnid, name, photos }): Option => [wnid, name, photos]) ?? [];
  const states = STATES.map((state): Option => [state, state, facets?.states[state]]);
  const reasons = setup.reasons.map((one): Option => [one, REASON_TEXTS[one], countIn(facets?.reasons, one)]);
  const sources = setup.sources.map((one): Option => [one, one, countIn(facets?.sources, one)]);
  const tags = setup.tags.map((one): Option => [one, tagText(one), countIn(facets?.tags, one)]);
  return (
    <>
      <Choice label="Searched as" name="class" value={filter.wnid} of={classes} isFirst />
      {setup.isBlind ? null : <Choice label="Models see" name="as" value={filter.confusion} of={predicted} />}
      <Choice label="State" name="state" value={filter.state} of={states} />
      <Choice label="Reason" name="reason" value={filter.reason} of={reasons} />
      <Choice label="Source" name="source" value={filter.source} of={sources} />
      <Choice label="Tag" name="tag" value={filter.tag} of={tags} />
      {setup.isBlind ? null : (
        <fieldset class="p-range">
          <legend>{MODE_WORDS[setup.mode].decisiveP}</legend>
          <Bound label="from" name="p-min" value={filter.pMin} />
          <Bound label="to" name="p-max" value={filter.pMax} />
        </fieldset>
      )}
      <Choice
        label="Verdict"
        name="verdict"
        value={filter.verdict}
        of={PHOTO_VERDICTS.map((one): Option => [one, one])}
      />
      <Words label="Verdict by" name="by" value={filter.by} placeholder={setup.reviewer ?? ''} />
      <Words label="Judged on (UTC)" name="judged" value={filter.judged} placeholder={DAYS_EXAMPLE} />
      <div>
        <Checkbox label="Flagged" name="flagged" isOn={filter.flagged} count={facets?.flagged} />
      </div>
    </>
  );
}

function countIn(counts: Readonly<Record<string, number>> | undefined, name: string): number | undefined {
  return counts === undefined ? undefined : (counts[name] ?? 0);
}

export type Option = readonly [value: string, text: string, count?: number | undefined];

interface FieldProps {
  readonly label: string;
  readonly name: string;
}

interface ChoiceProps extends FieldProps {
  readonly value: string | undefined;
  readonly of: readonly Option[];
  readonly isFirst?: boolean;
}

/** A value that is set and not among the options stays one of them. Rendering a field again changes no choice of the person. */
export function Choice({ label, name, value, of, isFirst = false }: ChoiceProps) {
  const isKnown = value === undefined || of.some(([option]) => option === value);
  return (
    <label>
      {label}
      <select name={name} autofocus={isFirst}>
        <option value="">any</option>
        {isKnown ? null : (
          <option value={value} selected>
            {value}
          </option>
        )}
        {of.map(([option, text, count]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
            {counted(count)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Bound({ label, name, value }: FieldProps & { readonly value: number | undefined }) {
  return (
    <label>
      {label}{' '}
      <input type="number" name={name} min="0" max="1" step="any" defaultValue={value ?? ''} inputMode="decimal" />
    </label>
  );
}

export const DAYS_EXAMPLE = '2026-11-01..2026-11-30';

export function Words({
  label,
  name,
  value,
  placeholder,
}: FieldProps & { readonly value: string | undefined; readonly placeholder?: string }) {
  return (
    <label>
      {label}
      <input type="text" name={name} defaultValue={value ?? ''} placeholder={placeholder} autocomplete="off" />
    </label>
  );
}

interface CheckProps extends FieldProps {
  readonly isOn: boolean | undefined;
  readonly count?: number | undefined;
}

export function Checkbox({ label, name, isOn, count }: CheckProps) {
  return (
    <label class="check">
      <input type="checkbox" name={name} value="1" defaultChecked={isOn === true} /> {label}
      {counted(count)}
    </label>
  );
}

function counted(count: number | undefined): string {
  return count === undefined ? '' : ` (${countText(count)})`;
}

function filterIn(data: FormData): ReviewFilter {
  const query = new URLSearchParams();
  for (const [name, value] of data) if (typeof value === 'string' && value !== '') query.set(name, value);
  return parseView(`?${query}`).filter;
}
