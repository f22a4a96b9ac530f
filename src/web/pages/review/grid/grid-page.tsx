import { useCallback, useEffect, useMemo } from 'preact/hooks';
import { countOf, countText } from '../../../../core/kernel/texts.ts';
import { ActionBar, CommandButton, OrderChoice } from '../action-bar.tsx';
import { FilterChips } from '../filter-chips.tsx';
import { HeaderBar } from '../frame.tsx';
import { GridDesk } from './grid-desk.ts';
import { GridSide } from './grid-side.tsx';
import { reviewTileAt } from './review-tiles.ts';
import { keyHint } from '../keys.ts';
import { PhotoDialog } from '../photo-dialog.tsx';
import { CountLine, SelectMode } from '../../grid/bar.tsx';
import { selectByKey } from '../../grid/selecting.ts';
import { selectedCount } from '../../grid/selection.ts';
import { Content } from '../../grid/tiles.tsx';
import { useKeys } from '../use-keys.ts';
import type { PageProps } from '../store/review-store.ts';
import { hrefOf, parseView } from '../view-url.ts';

interface GridProps {
  readonly desk: GridDesk;
}

export function GridPage({ store }: PageProps) {
  const desk = useMemo(() => new GridDesk(store, 'grid'), [store]);
  useEffect(() => desk.start(), [desk]);
  useKeys('grid', desk, { onPress: (event) => selectByKey(event, desk.sheet) });
  const tileAt = useCallback((position: number) => reviewTileAt(desk, position), [desk]);
  const isReady = desk.isReady.value;
  return (
    <main class="grid-page" data-ready={isReady ? '' : undefined} onClick={(event) => followLink(event, desk)}>
      <GridHeader desk={desk} />
      <GridSide desk={desk} />
      <h1 class="unseen">Grid of {store.collection}</h1>
      <section class="gridview" ref={desk.sheet.scroller} aria-label="Grid" aria-busy={!isReady}>
        <FilterBar desk={desk} />
        <Content sheet={desk.sheet} allHref={desk.hrefTo({})} tileAt={tileAt} />
      </section>
      <ActionBar desk={desk} isReady={desk.list.count > 0} before={<Target desk={desk} />} />
      <PhotoDialog desk={desk} facets={desk.facets.value} />
    </main>
  );
}

function GridHeader({ desk }: GridProps) {
  const { store } = desk;
  const { wnid } = desk.view.value.filter;
  const common = { kind: 'chip', desk };
  const place = wnid === undefined ? 'all classes' : desk.nameOf(wnid);
  return (
    <HeaderBar
      store={store}
      place={<a href={hrefOf(store.collection, 'classes')}>{place}</a>}
      wnid={wnid}
      onSelect={(photos) => desk.selectPhotos(photos)}
    >
      <CommandButton {...common} command="view">
        Single
      </CommandButton>
      <CommandButton {...common} command="keys">
        Keys
      </CommandButton>
    </HeaderBar>
  );
}

function FilterBar({ desk }: GridProps) {
  const { gone, sheet } = desk;
  const failed = desk.failed.value.size;
  return (
    <div class="filters">
      <FilterChips desk={desk} />
      <label class="chip sort">
        Sort
        <OrderChoice desk={desk} />
      </label>
      <button type="button" class="chip" aria-haspopup="dialog" onClick={() => desk.run('filter')}>
        Filter <kbd aria-hidden="true">{keyHint('filter')}</kbd>
      </button>
      <SelectMode sheet={sheet} />
      {gone === 0 ? null : (
        <button type="button" class="chip refresh" onClick={() => desk.refresh()}>
          ↻ {countText(gone)} no longer {gone === 1 ? 'matches' : 'match'}
        </button>
      )}
      {failed === 0 ? null : (
        <button type="button" class="chip refresh" onClick={() => desk.tryPicturesAgain()}>
          ↻ {countOf(failed, 'photo')} cannot be loaded
        </button>
      )}
      {desk.isReady.value ? <CountLine sheet={sheet} text={countOf(sheet.count, 'photo')} /> : null}
    </div>
  );
}

function Target({ desk: { sheet, store } }: GridProps) {
  const selected = selectedCount(sheet.selection);
  return (
    <p class="target">
      <b>{selected === 0 ? 'This photo' : `${countText(selected)} selected`}</b>
      <small>{store.said.value}</small>
    </p>
  );
}

function followLink(event: MouseEvent, desk: GridDesk): void {
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href]') : null;
  const opensElsewhere = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey;
  if (link === null || opensElsewhere || link.pathname !== location.pathname) return;
  event.preventDefault();
  desk.go(parseView(link.search));
}
