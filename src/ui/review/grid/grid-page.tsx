import { useEffect, useMemo } from 'preact/hooks';
import { countOf, countText } from '../../../kernel/texts.ts';
import { ActionBar, CommandButton, OrderChoice } from '../action-bar.tsx';
import { FilterChips } from '../filter-chips.tsx';
import { HeaderBar } from '../frame.tsx';
import { GridDesk } from './grid-desk.ts';
import { GridSide } from './grid-side.tsx';
import { ReviewTiles } from './review-tiles.tsx';
import { keyHint } from '../keys.ts';
import { PhotoDialog } from '../photo-dialog.tsx';
import { pointerHandlers, selectByKey } from '../../grid/selecting.ts';
import { selectedCount } from '../../grid/selection.ts';
import { useKeys, useStore, type PageProps } from '../use-store.ts';
import { hrefOf, viewOf } from '../view-url.ts';

interface GridProps {
  readonly desk: GridDesk;
}

export function GridPage({ store }: PageProps) {
  useStore(store);
  const desk = useMemo(() => new GridDesk(store, 'grid'), [store]);
  useEffect(() => desk.start(), [desk]);
  useKeys('grid', desk, { onPress: (event) => selectByKey(event, desk) });
  const { isReady } = desk;
  return (
    <main class="grid-page" data-ready={isReady ? '' : undefined} onClick={(event) => followLink(event, desk)}>
      <GridHeader desk={desk} />
      <GridSide desk={desk} />
      <h1 class="unseen">Grid of {store.collection}</h1>
      <section class="gridview" ref={desk.scroller} aria-label="Grid" aria-busy={!isReady}>
        <FilterBar desk={desk} />
        <GridContent desk={desk} />
      </section>
      <ActionBar desk={desk} isReady={desk.list.count > 0} before={<Target desk={desk} />} />
      <PhotoDialog desk={desk} facets={desk.facets} />
    </main>
  );
}

function GridHeader({ desk }: GridProps) {
  const { store, view } = desk;
  const { wnid } = view.filter;
  const common = { kind: 'chip', desk };
  const place = wnid === undefined ? 'all classes' : desk.nameOf(wnid);
  return (
    <HeaderBar store={store} place={<a href={hrefOf(store.collection, 'classes')}>{place}</a>} wnid={wnid}>
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
  const { gone, tapMode } = desk;
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
      <button
        type="button"
        class="chip select-mode"
        aria-pressed={tapMode !== 'one'}
        onClick={() => desk.setTapMode(tapMode === 'one' ? 'several' : 'one')}
      >
        {tapMode === 'range' ? 'Tap the last photo' : 'Select'}
      </button>
      {gone === 0 ? null : (
        <button type="button" class="chip refresh" onClick={() => desk.refresh()}>
          ↻ {countText(gone)} no longer {gone === 1 ? 'matches' : 'match'}
        </button>
      )}
      {desk.isReady ? <CountLine desk={desk} /> : null}
    </div>
  );
}

function CountLine({ desk }: GridProps) {
  const { count, selection } = desk.list;
  const selected = selectedCount(selection);
  const isAll = selected >= count;
  return (
    <p class="quiet count-line">
      {countOf(count, 'photo')}
      {selected > 0 ? ` · ${countText(selected)} selected` : null}
      <button type="button" class="plain" onClick={() => (isAll ? desk.clear() : desk.run('select-all'))}>
        <kbd aria-hidden="true">{isAll ? 'Esc' : keyHint('select-all')}</kbd> Select {isAll ? 'none' : 'all'}
      </button>
    </p>
  );
}

function GridContent({ desk }: GridProps) {
  const pointer = useMemo(() => pointerHandlers(desk), [desk]);
  const { isReady, list, trouble } = desk;
  if (!isReady) return <p class="quiet nothing">{trouble ?? 'Reading the photos …'}</p>;
  if (list.count === 0) {
    return (
      <p class="nothing">
        No photo matches. <a href={desk.hrefTo({})}>Show all photos</a>
      </p>
    );
  }
  return (
    <div {...pointer}>
      {trouble === null ? null : (
        <p role="alert" class="trouble">
          {trouble}
        </p>
      )}
      <ReviewTiles desk={desk} />
    </div>
  );
}

function Target({ desk: { list, store } }: GridProps) {
  const selected = selectedCount(list.selection);
  return (
    <p class="target">
      <b>{selected === 0 ? 'This photo' : `${countText(selected)} selected`}</b>
      <small>{store.said}</small>
    </p>
  );
}

function followLink(event: MouseEvent, desk: GridDesk): void {
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href]') : null;
  const opensElsewhere = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey;
  if (link === null || opensElsewhere || link.pathname !== location.pathname) return;
  event.preventDefault();
  desk.go(viewOf(link.search));
}
