import { useCallback, useEffect, useMemo } from 'preact/hooks';
import { ShowAnywayForm } from '../../../core/page/show-anyway.tsx';
import { isOfCrawl, PHOTO_SIZES, PHOTO_SORTS, type PhotoFilter } from '../../../core/kernel/photo-filter.ts';
import type { GalleryIndex } from '../../status/gallery.ts';
import { countOf, countText } from '../../../core/kernel/texts.ts';
import { ownPathname } from '../base-path.ts';
import { Chips, CountLine, SelectMode } from '../grid/bar.tsx';
import { selectByKey } from '../grid/selecting.ts';
import { selectedCount } from '../grid/selection.ts';
import { Content } from '../grid/tiles.tsx';
import { mount } from '../mount.tsx';
import { useKeys } from '../review/use-keys.ts';
import { Card } from './card.tsx';
import { chipsOf, GalleryFilterDialog } from './filter.tsx';
import { Gallery } from './gallery.ts';
import { galleryTileAt } from './tile.ts';

interface GalleryProps {
  readonly gallery: Gallery;
}

function GalleryPage({ collection }: { readonly collection: string }) {
  const gallery = useMemo(() => new Gallery(collection), [collection]);
  const tileAt = useCallback((position: number) => galleryTileAt(gallery, position), [gallery]);
  useEffect(() => gallery.start(), [gallery]);
  useKeys('grid', gallery, { onPress: (event) => selectByKey(event, gallery.sheet) });
  const filter = gallery.filter.value;
  const index = gallery.index.value;
  return (
    <main class="grid-page photos-page" data-ready={index === null ? undefined : ''} data-total={index?.total}>
      <section class="gridview" ref={gallery.sheet.scroller} aria-label="Photos" aria-busy={index === null}>
        <h1>Photos of {collection}</h1>
        <BlindNotice gallery={gallery} />
        <FilterBar gallery={gallery} />
        <Content sheet={gallery.sheet} allHref={ownPathname()} size={filter.size} lines={3} tileAt={tileAt} />
      </section>
      {gallery.isFiltering.value ? <GalleryFilterDialog gallery={gallery} /> : null}
      {filter.photo === '' ? null : <Card gallery={gallery} />}
    </main>
  );
}

/** Says what a blind review hides. */
function BlindNotice({ gallery }: GalleryProps) {
  const choices = gallery.choices.value;
  if (choices?.isCrawlOnly !== true) return null;
  return (
    <aside class="blind">
      <p>
        This review is blind and still wants verdicts of yours. Until then you see every candidate with what the crawl
        knows about it.
      </p>
      {choices.showAnyway === null ? null : (
        <ShowAnywayForm action={choices.showAnyway} to={ownPathname() + location.search} />
      )}
    </aside>
  );
}

const SORT_TEXTS: Readonly<Record<PhotoFilter['sort'], string>> = {
  time: 'newest first',
  '-time': 'oldest first',
  p: 'lowest p first',
  '-p': 'highest p first',
  confusion: 'surest confusion first',
  '-confusion': 'least sure confusion first',
  taken: 'last taken first',
  '-taken': 'first taken first',
  uploaded: 'last uploaded first',
  '-uploaded': 'first uploaded first',
};

function FilterBar({ gallery }: GalleryProps) {
  const filter = gallery.filter.value;
  const index = gallery.index.value;
  const sorts = PHOTO_SORTS.filter((sort) => gallery.choices.value?.isCrawlOnly !== true || isOfCrawl('sort', sort));
  return (
    <div class="filters">
      <button type="button" class="chip" aria-haspopup="dialog" onClick={() => gallery.openFilter()}>
        Filter <kbd aria-hidden="true">/</kbd>
      </button>
      <Chips chips={chipsOf(gallery)} onGo={(without) => gallery.go(without)} />
      {filter.like === null ? (
        <Select label="Sort" name="sort" value={filter.sort} of={sorts} texts={SORT_TEXTS} gallery={gallery} />
      ) : null}
      <Select label="Size" name="size" value={filter.size} of={PHOTO_SIZES} gallery={gallery} />
      <SelectMode sheet={gallery.sheet} />
      {index === null ? null : (
        <CountLine sheet={gallery.sheet} text={totalText(index)} total={index.total}>
          {index.hasBefore ? (
            <button type="button" class="chip" onClick={() => gallery.showEarlier()}>
              Photos before these
            </button>
          ) : null}
          <CsvButton gallery={gallery} />
        </CountLine>
      )}
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

function totalText({ ids, total, hasBefore, hasAfter }: GalleryIndex): string {
  const loaded = countText(ids.length);
  const shown = hasBefore ? `, ${loaded} of them shown` : hasAfter ? `, the first ${loaded} shown` : '';
  return `${countOf(total, 'photo')}${shown}`;
}

function CsvButton({ gallery }: GalleryProps) {
  const selected = selectedCount(gallery.selection.value);
  if (gallery.sheet.count === 0) return null;
  return (
    <button type="button" class="chip" onClick={() => void gallery.exportCsv()}>
      {selected > 0 && !gallery.isAllSelected ? `CSV of ${countText(selected)}` : 'CSV of all'}
    </button>
  );
}

mount(GalleryPage);
