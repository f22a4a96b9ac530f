import { useEffect, useMemo } from 'preact/hooks';
import { countText } from '../../kernel/texts.ts';
import { totalsOf } from './classes-bar.tsx';
import { ActionBar, CommandButton } from './action-bar.tsx';
import { HeaderBar } from './frame.tsx';
import { FilterBar } from './grid-bar.tsx';
import { GridDialogs } from './photo-dialog.tsx';

import { Grid } from './grid-model.ts';
import { handlersOf, selectByKey } from './grid-pointer.ts';
import { GridSide } from './grid-side.tsx';
import { Tiles } from './grid-tiles.tsx';
import { selectedCount } from './selection.ts';
import { useKeys, useSession, type PageProps } from './use-session.ts';
import { hrefOf, viewOf } from './view-url.ts';

/** The review page with many photos at once. */
export function GridPage({ session }: PageProps) {
  useSession(session);
  const grid = useMemo(() => new Grid(session), [session]);
  useEffect(() => grid.start(), [grid]);
  const run = useMemo(() => grid.run.bind(grid), [grid]);
  useKeys('grid', { run, onPress: (event) => selectByKey(event, grid) });
  const { subjects, selection, view } = grid;
  return (
    <main
      class="grid-page"
      data-ready={subjects === null ? undefined : ''}
      onClick={(event) => followLink(event, grid)}
    >
      <GridHeader grid={grid} />
      <GridSide
        filter={view.filter}
        setup={session.setup}
        facets={grid.facets.now}
        hrefTo={(one) => grid.hrefTo(one)}
      />
      <h1 class="unseen">Grid of {session.collection}</h1>
      <section class="gridview" ref={grid.scroller} aria-label="Grid" aria-busy={subjects === null}>
        <FilterBar grid={grid} />
        <GridContent grid={grid} />
      </section>
      <ActionBar
        session={session}
        own={grid.own}
        isReady={grid.count > 0}
        onCommand={run}
        before={<Target selected={selectedCount(selection)} said={session.said} />}
      />
      <GridDialogs grid={grid} />
    </main>
  );
}

function GridHeader({ grid }: { readonly grid: Grid }) {
  const { session, view } = grid;
  const { wnid } = view.filter;
  const classes = session.shelf.classes.filter((one) => wnid === undefined || one.wnid === wnid);
  const common = { kind: 'chip', onCommand: grid.run.bind(grid) };
  return (
    <HeaderBar
      session={session}
      place={
        <a href={hrefOf(session.collection, 'classes')}>{wnid === undefined ? 'all classes' : grid.nameOf(wnid)}</a>
      }
      classes={classes}
      detail={`${countText(totalsOf(classes).open)} open`}
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

function GridContent({ grid }: { readonly grid: Grid }) {
  const pointer = useMemo(() => handlersOf(grid), [grid]);
  const { subjects, trouble } = grid;
  if (subjects === null) return <p class="quiet nothing">{trouble ?? 'Reading the photos …'}</p>;
  if (subjects.length === 0) {
    return (
      <p class="nothing">
        No photo matches. <a href={grid.hrefTo({})}>Show all photos</a>
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
      <Tiles grid={grid} subjects={subjects} />
    </div>
  );
}

/** The target of a decision and the result of the last one. */
function Target({ selected, said }: { readonly selected: number; readonly said: string }) {
  return (
    <p class="target">
      <b>{selected === 0 ? 'This photo' : `${countText(selected)} selected`}</b>
      <small>{said}</small>
    </p>
  );
}

/** Follows a link to another view of the grid without a page load. */
function followLink(event: MouseEvent, grid: Grid): void {
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href]') : null;
  const opensElsewhere = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey;
  if (link === null || opensElsewhere || link.pathname !== location.pathname) return;
  event.preventDefault();
  grid.go(viewOf(link.search));
}
