/** @jsxRuntime automatic @jsxImportSource preact */
import { photosPath } from '../../../core/kernel/photo-filter.ts';
import { countOf, countText } from '../../../core/kernel/texts.ts';
import { Matrix, MOST_NAMED } from '../../../measure/charts/matrix.tsx';
import { Details } from './details.tsx';
import type { Overview } from './overview.ts';
import { Table } from '../../../core/page/wide-table.tsx';

type Confusion = Overview['confusions'][number];

type Pair = Pick<Confusion, 'wnid' | 'confusionWnid'>;

/** The classes that the models see in the kept photos. Each cell leads to its photos. */
export function Confusions({ now: { collection, confusions } }: { readonly now: Overview }) {
  if (confusions.length === 0) return null;
  const pathOf = ({ wnid, confusionWnid }: Pair): string =>
    photosPath(collection, { state: ['kept'], class: [wnid], seen: [confusionWnid] });
  return (
    <section aria-label="Confusions">
      <h2>
        What is taken for what <small>kept photos · each square and each count leads to its photos</small>
      </h2>
      <div class="beside-matrix">
        <LargestMatrix {...{ confusions, pathOf }} />
        <Cards {...{ confusions, pathOf, collection }} />
      </div>
      <Details summary={`${countOf(confusions.length, 'confusion')} as a table, largest first`}>
        {() => (
          <Table
            caption="Confusions"
            isCaptionHidden
            rows={confusions}
            keyOf={({ wnid, confusionWnid }) => `${wnid} ${confusionWnid}`}
            columns={{
              'searched as': ({ searchedAs }) => searchedAs,
              'taken for': ({ predicted }) => predicted,
              photos: (one) => <a href={pathOf(one)}>{countText(one.count)}</a>,
            }}
          />
        )}
      </Details>
    </section>
  );
}

interface Shown {
  readonly confusions: readonly Confusion[];
  readonly pathOf: (one: Pair) => string;
}

/** The largest confusions, of up to 24 classes each way, in the order of the report's matrix. */
function LargestMatrix({ confusions, pathOf }: Shown) {
  const searched = largest(confusions, ({ wnid }) => wnid);
  const ofRows = confusions.filter(({ wnid }) => searched.has(wnid));
  const predicted = largest(ofRows, ({ confusionWnid }) => confusionWnid);
  const shown = ofRows.filter(({ confusionWnid }) => predicted.has(confusionWnid));
  const names = new Map(
    shown.flatMap((one) => [[one.wnid, one.searchedAs] as const, [one.confusionWnid, one.predicted] as const]),
  );
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Confusion matrix">
      <Matrix
        frame={{
          id: 'confusions',
          title: 'Confusions of the kept photos',
          text: 'Searched classes in rows, predicted classes in columns',
        }}
        cells={shown.map(({ wnid, confusionWnid, count }) => ({ row: wnid, column: confusionWnid, count }))}
        nameOf={(wnid) => names.get(wnid) ?? wnid}
        rows="searched as"
        columns="taken for"
        hrefOf={({ row, column }) => pathOf({ wnid: row, confusionWnid: column })}
      />
    </div>
  );
}

function largest(confusions: readonly Confusion[], wnidOf: (one: Confusion) => string): ReadonlySet<string> {
  const sums = new Map<string, number>();
  for (const one of confusions) sums.set(wnidOf(one), (sums.get(wnidOf(one)) ?? 0) + one.count);
  const sorted = [...sums].toSorted(([, a], [, b]) => b - a);
  return new Set(sorted.slice(0, MOST_NAMED).map(([wnid]) => wnid));
}

/** As high as the matrix beside them. */
const CARDS = 6;

/** A sample photo leads to its card. */
function Cards({ confusions, pathOf, collection }: Shown & { readonly collection: string }) {
  return (
    <ul class="confusion-cards">
      {confusions.slice(0, CARDS).map((one) => (
        <li key={`${one.wnid}|${one.confusionWnid}`} class="card">
          {one.photo === null ? (
            <span class="frame" />
          ) : (
            <a class="frame" href={photosPath(collection, { photo: `${one.photo}.${one.wnid}` })}>
              <img
                src={`/thumbnails/${one.photo}`}
                alt={`Photo searched as ${one.searchedAs}, taken for ${one.predicted}`}
                loading="lazy"
              />
            </a>
          )}
          <p>
            <span>
              <span class="searched">{one.searchedAs}</span> → <span class="predicted">{one.predicted}</span>
            </span>
            <a href={pathOf(one)}>{countText(one.count)}</a>
          </p>
        </li>
      ))}
    </ul>
  );
}
