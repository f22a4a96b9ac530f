/** @jsxRuntime automatic @jsxImportSource preact */
import { groupBy } from '../../core/kernel/group-by.ts';
import { countOf, countText } from '../../core/kernel/texts.ts';
import { Chart, WIDTH, type ChartFrame } from './chart.tsx';
import { at, fitText, widthOf } from './texts.ts';

export interface MatrixCell {
  readonly row: string;
  readonly column: string;
  readonly count: number;
}

interface MatrixProps {
  readonly frame: ChartFrame;
  readonly cells: readonly MatrixCell[];
  readonly nameOf: (key: string) => string;
  readonly rows: string;
  readonly columns: string;
  /** The address of a cell's photos. With it, cells have their largest size, and the chart is as wide as they need. */
  readonly hrefOf?: (cell: MatrixCell) => string;
}

/** With more rows or columns, names would be too small to read. */
export const MOST_NAMED = 24;
const MOST_ROOM = 112;
const LARGEST_CELL = 30;
const LEVELS = 5;
const KEY_WIDTH = 220;

/**
 * Only cells with a count are drawn, with one path per level, so that 200 x 200 classes stay small. Up to 24 classes are
 * named. A thin line marks the diagonal.
 */
export function Matrix({ frame, cells, nameOf, rows: rowTitle, columns: columnTitle, hrefOf }: MatrixProps) {
  const rows = sortedKeys(cells.map(({ row }) => row));
  const columns = sortedKeys(cells.map(({ column }) => column));
  const isNamed = Math.max(rows.length, columns.length) <= MOST_NAMED;
  const left = isNamed ? roomFor(rows.map(nameOf), rowTitle) : 20;
  const top = 20 + (isNamed ? roomFor(columns.map(nameOf), '') : 0);
  const fitting = Math.min((WIDTH - left) / Math.max(1, columns.length), 900 / Math.max(1, rows.length));
  const side = hrefOf === undefined ? Math.min(LARGEST_CELL, fitting) : LARGEST_CELL;
  const linksWidth = hrefOf === undefined ? undefined : Math.max(KEY_WIDTH, left + columns.length * side + 1);
  const layout = { left, top, side };
  const bottom = top + rows.length * side;
  const most = Math.max(1, ...cells.map(({ count }) => count));
  const [xOf, yOf] = [placesOf(columns), placesOf(rows)];
  const placed = cells.map((cell) => ({ ...cell, x: xOf.get(cell.column) ?? 0, y: yOf.get(cell.row) ?? 0 }));
  const diagonal = diagonalOf(rows, columns, layout);
  return (
    <Chart {...{ frame, linksWidth }} height={bottom + 34}>
      <text class="soft tiny predicted" x={left} y={10}>
        {isNamed ? columnTitle : `${columnTitle}: ${countOf(columns.length, 'class', 'classes')}`}
      </text>
      <text class="soft tiny searched" transform={`translate(10 ${top}) rotate(90)`}>
        {isNamed ? '' : `${rowTitle}: ${countOf(rows.length, 'class', 'classes')}`}
      </text>
      {isNamed ? <Names {...{ rows, columns, nameOf, layout }} title={rowTitle} /> : null}
      <rect class="line" x={left} y={top} width={at(columns.length * side)} height={at(rows.length * side)} />
      {diagonal === '' ? null : <path class="axis" d={diagonal} />}
      {pathsOf(placed, most, layout).map(({ level, d }) => (
        <path key={level} class="cell" fill-opacity={opacityOf(level)} d={d} />
      ))}
      {side < 17 ? null : <Counts {...{ placed, most, layout }} />}
      {hrefOf === undefined ? null : <Links {...{ placed, layout, nameOf, hrefOf }} titles={[rowTitle, columnTitle]} />}
      <LevelKey most={most} y={bottom + 14} />
    </Chart>
  );
}

function roomFor(names: readonly string[], title: string): number {
  return Math.min(MOST_ROOM, 10 + Math.max(widthOf(title), ...names.map((name) => widthOf(name, 11))));
}

function sortedKeys(keys: readonly string[]): string[] {
  return [...new Set(keys)].toSorted();
}

function placesOf(keys: readonly string[]): ReadonlyMap<string, number> {
  return new Map(keys.map((key, i) => [key, i]));
}

/** In chart units. */
interface Layout {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

interface PlacedCell extends MatrixCell {
  /** Positions of its column and its row. */
  readonly x: number;
  readonly y: number;
}

/** 1..LEVELS, by the square root of the count, so that single photos stay visible beside large counts. */
function levelOf(count: number, most: number): number {
  return Math.max(1, Math.ceil(LEVELS * Math.sqrt(count / most) - 1e-9));
}

function opacityOf(level: number): number {
  return at(10 * (0.1 + (0.9 * level) / LEVELS)) / 10;
}

function pathsOf(placed: readonly PlacedCell[], most: number, { left, top, side }: Layout) {
  const length = hundredths(side - (side > 6 ? 1 : 0));
  return [...groupBy(placed, ({ count }) => levelOf(count, most))]
    .toSorted(([a], [b]) => a - b)
    .map(([level, same]) => ({
      level,
      d: same
        .map(({ x, y }) => `M${hundredths(left + x * side)} ${hundredths(top + y * side)}`)
        .map((start) => `${start}h${length}v${length}h${-length}z`)
        .join(''),
    }));
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

function diagonalOf(rows: readonly string[], columns: readonly string[], { left, top, side }: Layout): string {
  const inset = side * 0.3;
  const length = hundredths(side - 2 * inset);
  return rows
    .map((row, y) => {
      const x = columns.indexOf(row);
      const start = `M${hundredths(left + x * side + inset)} ${hundredths(top + y * side + inset)}`;
      return x === -1 ? '' : `${start}l${length} ${length}`;
    })
    .join('');
}

interface NamesProps extends Pick<MatrixProps, 'nameOf'> {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly layout: Layout;
  readonly title: string;
}

function Names({ rows, columns, nameOf, layout: { left, top, side }, title }: NamesProps) {
  const font = Math.min(11, Math.max(7, side - 1));
  return (
    <>
      <text class="tiny searched end" x={left - 5} y={top - 6}>
        {title}
      </text>
      {rows.map((key, i) => (
        <text key={key} class="end" font-size={font} x={left - 5} y={at(top + (i + 0.5) * side + font * 0.35)}>
          {fitText(nameOf(key), left - 8, font)}
        </text>
      ))}
      {columns.map((key, i) => (
        <text key={key} transform={`translate(${at(left + (i + 0.5) * side + font * 0.35)} ${top - 5}) rotate(-90)`}>
          {fitText(nameOf(key), MOST_ROOM - 8, font)}
        </text>
      ))}
    </>
  );
}

interface PlacedProps {
  readonly placed: readonly PlacedCell[];
  readonly layout: Layout;
}

function Counts({ placed, most, layout: { left, top, side } }: PlacedProps & { readonly most: number }) {
  return (
    <>
      {placed.map(({ row, column, count, x, y }) => (
        <text
          key={`${row} ${column}`}
          class={`tiny middle${levelOf(count, most) > 3 ? ' on-dark' : ''}`}
          x={at(left + (x + 0.5) * side)}
          y={at(top + (y + 0.5) * side + 3.5)}
        >
          {count}
        </text>
      ))}
    </>
  );
}

interface LinksProps extends PlacedProps, Required<Pick<MatrixProps, 'nameOf' | 'hrefOf'>> {
  readonly titles: readonly [row: string, column: string];
}

/** No stops of the tab key, because there may be hundreds. The page has the same links in a table. */
function Links({ placed, nameOf, hrefOf, layout: { left, top, side }, titles }: LinksProps) {
  return (
    <>
      {placed.map((cell) => {
        const { row, column, count, x, y } = cell;
        const text = `${titles[0]} ${nameOf(row)}, ${titles[1]} ${nameOf(column)}: ${countOf(count, 'photo')}`;
        return (
          <a key={`${row} ${column}`} href={hrefOf(cell)} tabIndex={-1} aria-label={text}>
            <rect x={left + x * side} y={top + y * side} width={side} height={side} fill="transparent">
              <title>{text}</title>
            </rect>
          </a>
        );
      })}
    </>
  );
}

function LevelKey({ most, y }: { readonly most: number; readonly y: number }) {
  const levels = Array.from({ length: LEVELS }, (_, i) => i + 1);
  const [from, to] = ['1', countText(most)];
  const x = widthOf(from) + 8;
  return (
    <g>
      <text class="soft tiny" x={0} y={y + 9}>
        {from}
      </text>
      {levels.map((level) => (
        <rect
          key={level}
          class="cell"
          fill-opacity={opacityOf(level)}
          x={at(x + (level - 1) * 15)}
          y={y}
          width={14}
          height={11}
        />
      ))}
      <text class="soft tiny" x={at(x + LEVELS * 15 + 4)} y={y + 9}>
        {`${to} ${most === 1 ? 'photo' : 'photos'} in a cell`}
      </text>
    </g>
  );
}
