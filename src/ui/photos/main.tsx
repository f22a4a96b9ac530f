import { render } from 'preact';
import { useEffect, useMemo, useReducer } from 'preact/hooks';
import { readTyping } from '../../page/command.tsx';
import { PHOTO_SIZES, PHOTO_SORTS, type PhotoFilter } from '../../kernel/photo-filter.ts';
import { countOf, countText } from '../../kernel/texts.ts';
import { pointerHandlers, selectByKey } from '../grid/selecting.ts';
import { selectedCount } from '../grid/selection.ts';
import { Tiles } from '../grid/tiles.tsx';
import { isForPage } from '../review/keys.ts';
import { Card } from './card.tsx';
import { Chips, FilterDialog } from './filter.tsx';
import { Gallery } from './gallery.ts';
import { tileAt } from './tile.tsx';

interface GalleryProps {
  readonly gallery: Gallery;
}

function GalleryPage({ collection }: { readonly collection: string }) {
  const [, again] = useReducer((count: number) => count + 1, 0);
  const gallery = useMemo(() => new Gallery(collection, () => again(undefined)), [collection]);
  useEffect(() => gallery.start(), [gallery]);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => pressKey(event, gallery);
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [gallery]);
  const { dialog, filter, index } = gallery;
  return (
    <main class="grid-page photos-page" data-ready={index === null ? undefined : ''} data-total={index?.total}>
      <section class="gridview" ref={gallery.scroller} aria-label="Photos" aria-busy={index === null}>
        <h1>Photos of {collection}</h1>
        <FilterBar gallery={gallery} />
        <Content gallery={gallery} />
      </section>
      {dialog === 'filter' ? <FilterDialog gallery={gallery} /> : null}
      {filter.photo === '' ? null : <Card key={filter.photo} gallery={gallery} />}
    </main>
  );
}

const SORT_TEXTS: Readonly<Record<PhotoFilter['sort'], string>> = {
  time: 'newest first',
  '-time': 'oldest first',
  p: 'lowest p first',
  '-p': 'highest p first',
  confusion: 'surest confusion first',
  '-confusion': 'least sure confusion first',
};

function FilterBar({ gallery }: GalleryProps) {
  const { filter, tapMode } = gallery;
  return (
    <div class="filters">
      <button type="button" class="chip" aria-haspopup="dialog" onClick={() => gallery.openFilter()}>
        Filter <kbd aria-hidden="true">/</kbd>
      </button>
      <Chips gallery={gallery} />
      <Select label="Sort" name="sort" value={filter.sort} of={PHOTO_SORTS} texts={SORT_TEXTS} gallery={gallery} />
      <Select label="Size" name="size" value={filter.size} of={PHOTO_SIZES} gallery={gallery} />
      <button
        type="button"
        class="chip select-mode"
        aria-pressed={tapMode !== 'one'}
        onClick={() => gallery.setTapMode(tapMode === 'one' ? 'several' : 'one')}
      >
        {tapMode === 'range' ? 'Tap the last photo' : 'Select'}
      </button>
      <CountLine gallery={gallery} />
    </div>
  );
}

interface SelectProps<Value extends string> extends GalleryProps {
  readonly label: string;
  readonly name: 'sort' | 'size';
  readonly value: Value;
  readonly of: readonly Value[];
  readonly texts?: Readonly<Record<Value, string>>;
}

function Select<Value extends string>({ label, name, value, of, texts, gallery }: SelectProps<Value>) {
  return (
    <label class="chip sort">
      {label}
      <select value={value} onChange={(event) => gallery.go({ [name]: event.currentTarget.value })}>
        {of.map((one) => (
          <option key={one} value={one}>
            {texts?.[one] ?? one}
          </option>
        ))}
      </select>
    </label>
  );
}

function CountLine({ gallery }: GalleryProps) {
  const { index, selection, count } = gallery;
  if (index === null) return null;
  const selected = selectedCount(selection);
  const isAll = selected > 0 && selected >= count;
  return (
    <p class="quiet count-line" role="status">
      {countOf(index.total, 'photo')}
      {index.total > count ? `, the first ${countText(count)} shown` : null}
      {selected > 0 ? ` · ${countText(selected)} selected` : null}
      {count === 0 ? null : (
        <button type="button" class="plain" onClick={() => (isAll ? gallery.clear() : gallery.selectAll())}>
          <kbd aria-hidden="true">{isAll ? 'Esc' : 'Ctrl A'}</kbd> Select {isAll ? 'none' : 'all'}
        </button>
      )}
      {count === 0 ? null : (
        <button type="button" class="chip" onClick={() => void gallery.exportCsv()}>
          {selected > 0 ? `CSV of ${countText(selected)}` : 'CSV of all'}
        </button>
      )}
    </p>
  );
}

function Content({ gallery }: GalleryProps) {
  const pointer = useMemo(() => pointerHandlers(gallery), [gallery]);
  const { index, trouble } = gallery;
  if (trouble !== null)
    return (
      <p role="alert" class="trouble nothing">
        {trouble} <a href={location.pathname}>Show all photos</a>
      </p>
    );
  if (index === null) return <p class="quiet nothing">Reading the photos …</p>;
  if (index.total === 0)
    return (
      <p class="nothing">
        No photo matches. <a href={location.pathname}>Show all photos</a>
      </p>
    );
  return (
    <div {...pointer}>
      <Tiles desk={gallery} size={gallery.filter.size} tileAt={(position) => tileAt(gallery, position)} />
    </div>
  );
}

function pressKey(event: KeyboardEvent, gallery: Gallery): void {
  if (!isForPage(event)) return;
  const { key, ctrlKey, altKey, metaKey } = event;
  if (ctrlKey && key === 'a') gallery.selectAll();
  else if (ctrlKey || altKey || metaKey) return;
  else if (key === '/') gallery.openFilter();
  else if (key === 'Enter') gallery.open(gallery.selection.cursor);
  else if (!selectByKey(event, gallery)) return;
  event.preventDefault();
}

readTyping(document.documentElement.dataset['typing']);
const app = document.querySelector<HTMLElement>('#app');
const collection = app?.dataset['collection'];
if (app !== null && collection !== undefined) render(<GalleryPage collection={collection} />, app);
