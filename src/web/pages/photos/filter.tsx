import {
  isOfCrawl,
  PHOTO_REASONS,
  PHOTO_SPLITS,
  PHOTO_STATES,
  PHOTO_VERDICTS,
  photosPath,
  photosQuery,
  type PhotoFilter,
} from '../../../core/kernel/photo-filter.ts';
import { tagText } from '../../../core/kernel/texts.ts';
import { Dialog } from '../review/dialog.tsx';
import type { FilterChip } from '../grid/bar.tsx';
import { Checkbox, Choice, DAYS_EXAMPLE, FilterForm, Words, type Option } from '../review/grid/grid-filter.tsx';
import type { GalleryChoices } from '../../status/gallery.ts';
import type { Gallery } from './gallery.ts';

interface GalleryProps {
  readonly gallery: Gallery;
}

type ListName = 'state' | 'reason' | 'class' | 'seen' | 'source' | 'licence' | 'tag' | 'split' | 'verdict';

function plain(values: readonly string[] | undefined, textOf = (value: string) => value): Option[] {
  return (values ?? []).map((value) => [value, textOf(value)]);
}

type OptionsOf = (choices: GalleryChoices | null) => readonly Option[];
const LISTS: Readonly<Record<ListName, readonly [label: string, options: OptionsOf]>> = {
  state: ['State', () => Object.entries(PHOTO_STATES)],
  reason: ['Reason', () => plain(PHOTO_REASONS)],
  class: ['Searched as', (choices) => choices?.classes ?? []],
  seen: ['Models see', (choices) => choices?.seen ?? []],
  source: ['Source', (choices) => plain(choices?.sources)],
  licence: ['Licence', (choices) => plain(choices?.licences)],
  tag: ['Tag', (choices) => plain(choices?.tags, tagText)],
  split: ['Split', () => plain(PHOTO_SPLITS)],
  verdict: ['Verdict', () => plain(PHOTO_VERDICTS)],
};

function isListName(name: string): name is ListName {
  return Object.hasOwn(LISTS, name);
}

const LIST_NAMES = Object.keys(LISTS).filter(isListName);

export function chipsOf(gallery: Gallery): FilterChip<Partial<PhotoFilter>>[] {
  const filter = gallery.filter.value;
  const lists = LIST_NAMES.flatMap((name) => {
    const [label, optionsOf] = LISTS[name];
    const values: readonly string[] = filter[name];
    return values.map((value) => {
      const text = optionsOf(gallery.choices.value).find(([option]) => option === value)?.[1] ?? value;
      return { text: `${label}: ${text}`, without: { [name]: values.filter((one) => one !== value) } };
    });
  });
  const others = [
    { text: filter.text === '' ? '' : `“${filter.text}”`, without: { text: '' } },
    { text: filter.date === '' ? '' : `found ${filter.date}`, without: { date: '' } },
    { text: filter.taken === '' ? '' : `taken ${filter.taken}`, without: { taken: '' } },
    { text: filter.uploaded === '' ? '' : `uploaded ${filter.uploaded}`, without: { uploaded: '' } },
    { text: filter.by === '' ? '' : `by ${filter.by}`, without: { by: '' } },
    { text: filter.judged === '' ? '' : `judged ${filter.judged}`, without: { judged: '' } },
    { text: filter.disagree ? 'members disagree' : '', without: { disagree: false } },
    { text: filter.like === null ? '' : `like ${filter.like.slice(0, 8)}`, without: { like: null } },
  ];
  return [...lists, ...others.filter(({ text }) => text !== '')];
}

/** A field that has several values in the address keeps them until another one is chosen. */
const SEVERAL = 'several';

export function GalleryFilterDialog({ gallery }: GalleryProps) {
  const choose = (data: FormData): void => {
    gallery.close();
    gallery.visit(pathOf(gallery, data));
  };
  return (
    <Dialog title="Filter" kind="filter" onClose={gallery.close}>
      {gallery.choices.value === null ? (
        <p role="status">{gallery.trouble.value ?? 'Reading the classes and sources …'}</p>
      ) : (
        <FilterForm onChoose={choose}>
          <Fields gallery={gallery} />
        </FilterForm>
      )}
    </Dialog>
  );
}

function Fields({ gallery }: GalleryProps) {
  const filter = gallery.filter.value;
  const choices = gallery.choices.value;
  const isCrawlOnly = choices?.isCrawlOnly === true;
  return (
    <>
      <label>
        {isCrawlOnly ? 'Text in names and creators' : 'Text in names, notes and creators'}
        <input type="search" name="text" defaultValue={filter.text} autofocus />
      </label>
      {LIST_NAMES.map((name) => {
        const value = filter[name].length > 1 ? SEVERAL : filter[name][0];
        const options = LISTS[name][1](choices).filter(([of]) => !isCrawlOnly || isOfCrawl(name, of));
        return options.length === 0 ? null : (
          <Choice key={name} label={LISTS[name][0]} name={name} value={value} of={options} />
        );
      })}
      <Words label="Found on (UTC)" name="date" value={filter.date} placeholder={DAYS_EXAMPLE} />
      <Words label="Taken on" name="taken" value={filter.taken} placeholder={DAYS_EXAMPLE} />
      <Words label="Uploaded on" name="uploaded" value={filter.uploaded} placeholder={DAYS_EXAMPLE} />
      <Words label="Verdict by" name="by" value={filter.by} />
      <Words label="Judged on (UTC)" name="judged" value={filter.judged} placeholder={DAYS_EXAMPLE} />
      {isCrawlOnly ? null : <Checkbox label="Members disagree" name="disagree" isOn={filter.disagree} />}
    </>
  );
}

/** The address of what a form has, also if a part of it cannot be used: the page says so. */
function pathOf({ collection, filter: { value: filter } }: Gallery, data: FormData): string {
  const query = new URLSearchParams(photosQuery({ like: filter.like, size: filter.size, sort: filter.sort }));
  for (const [name, value] of data)
    if (value === SEVERAL && isListName(name)) for (const one of filter[name]) query.append(name, one);
    else if (typeof value === 'string' && value !== '') query.set(name, value.trim());
  return `${photosPath(collection)}?${query}`;
}
