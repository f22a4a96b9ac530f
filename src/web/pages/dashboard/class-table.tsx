/** @jsxRuntime automatic @jsxImportSource preact */
import { useEffect, useState } from 'preact/hooks';
import { beyondCrawl, photosPath, type PhotoFilter, type PhotoState } from '../../../core/kernel/photo-filter.ts';
import { countText, shareText } from '../../../core/kernel/texts.ts';
import { useInAddress } from '../address.ts';
import type { ClassOverview, Overview, Row } from './overview.ts';
import { Table } from '../../../core/page/wide-table.tsx';

type Count = readonly [head: string, state: PhotoState, countOf: (row: Row) => number];

const FOUND: Count = ['found', 'found', ({ found }) => found];
const FETCHED: Count = ['fetched', 'fetched', ({ fetched }) => fetched];
const KEPT: Count = ['kept', 'kept', ({ decided }) => decided.kept];
const LISTED: Count = ['listed', 'listed', ({ shortlisted }) => shortlisted];
const OPEN: Count = ['open', 'open', ({ unreviewed }) => unreviewed];
const ACCEPTED: Count = ['accepted', 'accepted', ({ selected }) => selected];
const OF_CLASS = [FOUND, KEPT, LISTED, OPEN, ACCEPTED];
const SORTED: readonly string[] = ['class', ...OF_CLASS.map(([head]) => head)];

/** Rows that are rendered at a time, because hundreds would delay what the person does next. */
const SOME_CLASSES = 20;

export function ClassProgressTable({ now }: { readonly now: Overview }) {
  const [wanted, setWanted] = useState('');
  const [showsAll, setShowsAll] = useState(false);
  const [sort, setSort] = useInAddress('sort');
  const by = sortingIn(sort);
  const rows = now.classes
    .filter((row) => row.found > 0 && row.name.toLowerCase().includes(wanted.toLowerCase()))
    .toSorted((a, b) => (by.isDown ? -1 : 1) * compared(a, b, by.head) || b.found - a.found);
  const wantsAll = showsAll || wanted !== '';
  const shown = rows.slice(0, useGrowing(`${wanted} ${by.head} ${by.isDown}`, wantsAll ? rows.length : 0));
  const onSort = (head: string): void =>
    setSort(`${(by.head === head ? !by.isDown : head !== 'class') ? '-' : ''}${head}`);
  return (
    <section aria-label="Class table">
      <div class="table-head">
        <h2>
          Classes <small>{countText(rows.length)}</small>
        </h2>
        <label class="find">
          Find a class <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        </label>
      </div>
      <Table
        caption="Classes"
        isCaptionHidden
        rows={shown}
        keyOf={({ wnid, name }) => wnid ?? name}
        columns={columnsOf(now)}
        sorting={{ heads: SORTED, ...by, onSort }}
      />
      {wantsAll || shown.length === rows.length ? null : (
        <button type="button" onClick={() => setShowsAll(true)}>
          All {rows.length} classes
        </button>
      )}
    </section>
  );
}

/** Reads `kept`, or `-kept` for the largest first. */
function sortingIn(sort: string): { readonly head: string; readonly isDown: boolean } {
  const head = sort.replace(/^-/, '');
  return SORTED.includes(head) ? { head, isDown: sort !== head } : { head: 'kept', isDown: true };
}

/** The number of rows to render: a few at first for each `list`, then more until there are `all`. */
function useGrowing(list: string, all: number): number {
  const [last, grow] = useState({ list, count: SOME_CLASSES });
  const count = last.list === list ? last.count : SOME_CLASSES;
  useEffect(() => {
    const next = setTimeout(() => count < all && grow({ list, count: count + SOME_CLASSES }));
    return () => clearTimeout(next);
  }, [list, count, all]);
  return count;
}

function compared(a: ClassOverview, b: ClassOverview, head: string): number {
  const countOf = OF_CLASS.find(([name]) => name === head)?.[2];
  return countOf === undefined ? a.name.localeCompare(b.name) : countOf(a) - countOf(b);
}

function columnsOf(now: Overview) {
  const { target } = now;
  return {
    class: (row: ClassOverview) => <ClassName row={row} now={now} />,
    ...linked(now, OF_CLASS, ({ wnid }: ClassOverview) => (wnid === null ? null : { class: [wnid] })),
    ...(target === null
      ? {}
      : {
          target: ({ selected }: Row) =>
            selected < target ? countText(target) : <b class="searched">{countText(target)} ✓</b>,
        }),
    yield: ({ decided, fetched, duplicates }: Row) => shareText(decided.kept, fetched - duplicates),
  };
}

/** Columns of counts that lead to their photos. @param filterOf null if no filter describes the photos of a row */
function linked<Of extends Row>(
  now: Overview,
  counts: readonly Count[],
  filterOf: (row: Of) => Partial<PhotoFilter> | null,
) {
  return Object.fromEntries(
    counts.map(([head, state, countOf]) => [
      head,
      (row: Of) => {
        const filter = filterOf(row);
        return <PhotosLink now={now} filter={filter && { state: [state], ...filter }} count={countOf(row)} />;
      },
    ]),
  );
}

interface PhotosLinkProps {
  readonly now: Pick<Overview, 'collection' | 'isBlind'>;
  /** Null if no filter describes the photos. */
  readonly filter: Partial<PhotoFilter> | null;
  readonly count: number;
}

/** A number that leads to its photos. It is no link if the gallery hides them during a blind review. */
export function PhotosLink({ now: { collection, isBlind }, filter, count }: PhotosLinkProps) {
  if (filter === null || count === 0 || (isBlind && beyondCrawl(filter) !== null)) return <>{countText(count)}</>;
  return <a href={photosPath(collection, filter)}>{countText(count)}</a>;
}

const PHOTOS_SHOWN = 3;

function ClassName({ row, now: { confusions } }: { readonly row: ClassOverview; readonly now: Overview }) {
  const ofClass = confusions.filter(({ wnid }) => wnid === row.wnid);
  const photos = ofClass.flatMap(({ photo }) => photo ?? []).slice(0, PHOTOS_SHOWN);
  return (
    <>
      <bdi class="class-name" title={row.name}>
        {row.name}
      </bdi>{' '}
      {photos.map((photo) => (
        <img key={photo} src={`/thumbnails/${photo}`} alt="" loading="lazy" />
      ))}
    </>
  );
}

const OF_SOURCE = [FOUND, FETCHED, KEPT, ACCEPTED];

export function Sources({ now }: { readonly now: Overview }) {
  return (
    <Table
      caption="Sources"
      rows={now.sources}
      keyOf={({ source }) => source}
      columns={{
        source: ({ source }) => source,
        ...linked(now, OF_SOURCE, ({ source }: Overview['sources'][number]) => ({ source: [source] })),
        yield: ({ decided, fetched }) => shareText(decided.kept, fetched),
      }}
    />
  );
}
