import { photosPath } from '../../kernel/photo-filter.ts';
import { countOf, countText } from '../../kernel/texts.ts';
import { fitText, widthOf } from '../../page/charts/texts.ts';
import type { Overview } from './overview.ts';
import { Table } from './tables.tsx';

type Confusion = Overview['confusions'][number];

const SIDE = 32;
const MOST_LABEL = 150;
const GAP = 8;
const MAX_CLASSES = 24;
const LEVELS = 5;

/** The classes that the models see in the kept photos. Each cell leads to its photos. */
export function Confusions({ now: { collection, confusions } }: { readonly now: Overview }) {
  if (confusions.length === 0) return null;
  const pathOf = ({ wnid, confusionWnid }: Confusion): string =>
    photosPath(collection, { state: ['kept'], class: [wnid], seen: [confusionWnid] });
  return (
    <section aria-label="Confusions">
      <h2>
        What is taken for what <small>kept photos · each square and each photo leads to its photos</small>
      </h2>
      <div class="beside-matrix">
        <Matrix {...{ confusions, pathOf }} />
        <Cards {...{ confusions, pathOf }} />
      </div>
      <details>
        <summary>{countOf(confusions.length, 'confusion')} as a table, largest first</summary>
        <Table
          caption="Confusions"
          rows={confusions}
          keyOf={({ wnid, confusionWnid }) => `${wnid} ${confusionWnid}`}
          columns={{
            'searched as': ({ searchedAs }) => searchedAs,
            'taken for': ({ predicted }) => predicted,
            photos: (one) => <a href={pathOf(one)}>{countText(one.count)}</a>,
          }}
        />
      </details>
    </section>
  );
}

interface Shown {
  readonly confusions: readonly Confusion[];
  readonly pathOf: (one: Confusion) => string;
}

/** The largest confusions, of up to 24 classes each way. */
function Matrix({ confusions, pathOf }: Shown) {
  const searched = topNames(confusions, ({ searchedAs }) => searchedAs);
  const ofRows = confusions.filter(({ searchedAs }) => searched.includes(searchedAs));
  const columns = topNames(ofRows, ({ predicted }) => predicted);
  const cells = ofRows.filter(({ predicted }) => columns.includes(predicted));
  const rows = topNames(cells, ({ searchedAs }) => searchedAs);
  const most = Math.max(1, ...cells.map(({ count }) => count));
  const [left, top] = [roomFor(rows), roomFor(columns)];
  const width = left + columns.length * SIDE;
  const height = top + rows.length * SIDE;
  return (
    <div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Confusion matrix">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          role="group"
          aria-label="Confusions of the kept photos: searched classes in rows, predicted classes in columns"
          class="chart confusions"
        >
          <text class="searched end" x={left - GAP} y={top - 26}>
            searched as ↓
          </text>
          <text class="predicted end" x={left - GAP} y={top - 10}>
            taken for →
          </text>
          <Names {...{ rows, columns, left, top }} />
          <rect class="line" x={left} y={top} width={width - left} height={height - top} />
          {cells.map((one) => (
            <Cell
              key={`${one.wnid} ${one.confusionWnid}`}
              one={one}
              level={levelOf(one.count, most)}
              x={left + columns.indexOf(one.predicted) * SIDE}
              y={top + rows.indexOf(one.searchedAs) * SIDE}
              href={pathOf(one)}
            />
          ))}
        </svg>
      </div>
      <Legend most={most} />
    </div>
  );
}

/** At least the two lines of the corner. */
function roomFor(names: readonly string[]): number {
  return Math.round(Math.min(MOST_LABEL, Math.max(92, ...names.map((name) => widthOf(name) + GAP))));
}

interface NamesProps {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly left: number;
  readonly top: number;
}

function Names({ rows, columns, left, top }: NamesProps) {
  return (
    <>
      {rows.map((name, y) => (
        <text key={name} x={left - GAP} y={top + (y + 0.5) * SIDE + 4} class="end">
          {fitText(name, left - GAP)}
        </text>
      ))}
      {columns.map((name, x) => (
        <text key={name} transform={`translate(${left + (x + 0.5) * SIDE + 4} ${top - GAP}) rotate(-90)`}>
          {fitText(name, top - GAP)}
        </text>
      ))}
    </>
  );
}

interface CellProps {
  readonly one: Confusion;
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly href: string;
}

/** Not a stop of the tab key, because there may be hundreds of cells. The table below has the same links. */
function Cell({ one: { searchedAs, predicted, count }, level, x, y, href }: CellProps) {
  const text = `searched as ${searchedAs}, taken for ${predicted}: ${countOf(count, 'photo')}`;
  return (
    <a href={href} tabIndex={-1} aria-label={text}>
      <rect class="cell" x={x + 1} y={y + 1} width={SIDE - 2} height={SIDE - 2} rx="2" fill-opacity={opacityOf(level)}>
        <title>{text}</title>
      </rect>
      <text class={`tiny middle${level > 3 ? ' on-dark' : ''}`} x={x + SIDE / 2} y={y + SIDE / 2 + 4}>
        {count < 10_000 ? count : `${Math.round(count / 1_000)}k`}
      </text>
    </a>
  );
}

function Legend({ most }: { readonly most: number }) {
  const levels = Array.from({ length: LEVELS }, (_, i) => i + 1);
  return (
    <p class="matrix-legend quiet">
      1{' '}
      <svg class="chart" viewBox={`0 0 ${LEVELS * 16} 12`} width={LEVELS * 16} height="12" aria-hidden="true">
        {levels.map((level) => (
          <rect
            key={level}
            class="cell"
            x={(level - 1) * 16}
            width="14"
            height="12"
            rx="2"
            fill-opacity={opacityOf(level)}
          />
        ))}
      </svg>{' '}
      {countOf(most, 'photo')} in a square
    </p>
  );
}

/** 1..LEVELS, by the square root of the count, so that single photos stay visible beside large counts. */
function levelOf(count: number, most: number): number {
  return Math.max(1, Math.ceil(LEVELS * Math.sqrt(count / most) - 1e-9));
}

function opacityOf(level: number): number {
  return 0.1 + (0.9 * level) / LEVELS;
}

function topNames(confusions: readonly Confusion[], nameOf: (one: Confusion) => string): string[] {
  const sums = new Map<string, number>();
  for (const one of confusions) sums.set(nameOf(one), (sums.get(nameOf(one)) ?? 0) + one.count);
  return [...sums]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MAX_CLASSES)
    .map(([name]) => name);
}

const CARDS = 12;

function Cards({ confusions, pathOf }: Shown) {
  return (
    <ul class="confusion-cards">
      {confusions.slice(0, CARDS).map((one) => (
        <li key={`${one.wnid}|${one.confusionWnid}`} class="card">
          <a href={pathOf(one)}>
            <span class="frame">
              <img
                src={`/thumbnails/${one.photo}`}
                alt={`Photo searched as ${one.searchedAs}, taken for ${one.predicted}`}
                loading="lazy"
              />
            </span>
          </a>
          <p>
            <span>
              <span class="searched">{one.searchedAs}</span> → <span class="predicted">{one.predicted}</span>
            </span>
            <small>{countText(one.count)}</small>
          </p>
        </li>
      ))}
    </ul>
  );
}
