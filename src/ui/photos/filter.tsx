import type { TargetedSubmitEvent } from 'preact';
import { useMemo } from 'preact/hooks';
import {
  PHOTO_REASONS,
  PHOTO_SPLITS,
  PHOTO_STATES,
  photosPath,
  photosQuery,
  type PhotoFilter,
} from '../../kernel/photo-filter.ts';
import { tagText } from '../../kernel/texts.ts';
import { Dialog } from '../review/dialog.tsx';
import { Check, Choice, type Option } from '../review/grid/grid-filter.tsx';
import type { Gallery } from './gallery.ts';

interface GalleryProps {
  readonly gallery: Gallery;
}

type ListName = 'state' | 'reason' | 'class' | 'seen' | 'source' | 'licence' | 'tag' | 'split';
const LISTS: Readonly<Record<ListName, string>> = {
  state: 'State',
  reason: 'Reason',
  class: 'Searched as',
  seen: 'Models see',
  source: 'Source',
  licence: 'Licence',
  tag: 'Tag',
  split: 'Split',
};

function isListName(name: string): name is ListName {
  return Object.hasOwn(LISTS, name);
}

const LIST_NAMES = Object.keys(LISTS).filter(isListName);

function plain(values: readonly string[] | undefined, textOf = (value: string) => value): Option[] {
  return (values ?? []).map((value) => [value, textOf(value), undefined]);
}

function named(classes: readonly (readonly [wnid: string, name: string])[] | undefined): Option[] {
  return (classes ?? []).map(([wnid, name]) => [wnid, name, undefined]);
}

const OPTIONS: Readonly<Record<ListName, (choices: Gallery['choices']) => readonly Option[]>> = {
  state: () => named(Object.entries(PHOTO_STATES)),
  reason: () => plain(PHOTO_REASONS),
  class: (choices) => named(choices?.classes),
  seen: (choices) => named(choices?.seen),
  source: (choices) => plain(choices?.sources),
  licence: (choices) => plain(choices?.licences),
  tag: (choices) => plain(choices?.tags, tagText),
  split: () => plain(PHOTO_SPLITS),
};

/** The parts of the filter, each with the filter without it. */
function chipsOf(gallery: Gallery): { text: string; without: Partial<PhotoFilter> }[] {
  const { filter } = gallery;
  const lists = LIST_NAMES.flatMap((name) =>
    filter[name].map((value) => {
      const text = OPTIONS[name](gallery.choices).find(([option]) => option === value)?.[1] ?? value;
      const without: readonly string[] = filter[name];
      return { text: `${LISTS[name]}: ${text}`, without: { [name]: without.filter((one) => one !== value) } };
    }),
  );
  const others = [
    { text: filter.text === '' ? '' : `“${filter.text}”`, without: { text: '' } },
    { text: filter.date === '' ? '' : `found ${filter.date}`, without: { date: '' } },
    { text: filter.disagree ? 'members disagree' : '', without: { disagree: false } },
    { text: filter.like === null ? '' : `like ${filter.like.slice(0, 8)}`, without: { like: null } },
  ];
  return [...lists, ...others.filter(({ text }) => text !== '')];
}

export function Chips({ gallery }: GalleryProps) {
  return (
    <>
      {chipsOf(gallery).map(({ text, without }) => (
        <button
          key={text}
          type="button"
          class="chip on"
          aria-label={`Take off the filter: ${text}`}
          onClick={() => gallery.go({ photo: '', ...without })}
        >
          {text} <span aria-hidden="true">×</span>
        </button>
      ))}
    </>
  );
}

/** A field that has several values in the address keeps them until another one is chosen. */
const SEVERAL = 'several';

export function FilterDialog({ gallery }: GalleryProps) {
  const { choices } = gallery;
  // Rendering a field again would undo what the person has chosen in it.
  const form = useMemo(() => (choices === null ? null : <FilterForm gallery={gallery} />), [choices]);
  return (
    <Dialog title="Filter" kind="filter" onClose={gallery.close}>
      {form ?? <p role="status">Reading the classes and sources …</p>}
    </Dialog>
  );
}

function FilterForm({ gallery }: GalleryProps) {
  const { filter } = gallery;
  const choose = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const isNone = event.submitter?.getAttribute('value') === 'none';
    const data = isNone ? new FormData() : new FormData(event.currentTarget);
    gallery.close();
    gallery.visit(pathOf(gallery, data));
  };
  return (
    <form onSubmit={choose}>
      <div class="fields">
        <label>
          Text in names, notes and creators
          <input type="search" name="text" value={filter.text} autofocus />
        </label>
        {LIST_NAMES.map((name) => {
          const value = filter[name].length > 1 ? SEVERAL : filter[name][0];
          return (
            <Choice key={name} label={LISTS[name]} name={name} value={value} of={OPTIONS[name](gallery.choices)} />
          );
        })}
        <label>
          Found on (UTC)
          <input name="date" value={filter.date} placeholder="2026-11-01..2026-11-30" />
        </label>
        <Check label="Members disagree" name="disagree" isOn={filter.disagree} count={undefined} />
      </div>
      <p class="choices">
        <button class="chosen">Show</button>
        <button value="none">Show all photos</button>
      </p>
    </form>
  );
}

/** The address of what a form has, also if a part of it cannot be used: the page says so. */
function pathOf({ collection, filter }: Gallery, data: FormData): string {
  const query = new URLSearchParams(photosQuery({ like: filter.like, size: filter.size, sort: filter.sort }));
  for (const [name, value] of data)
    if (value === SEVERAL && isListName(name)) for (const one of filter[name]) query.append(name, one);
    else if (typeof value === 'string' && value !== '') query.set(name, value.trim());
  return `${photosPath(collection)}?${query}`;
}
