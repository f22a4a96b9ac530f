/** @jsxRuntime automatic @jsxImportSource preact */
import { scaleLinear } from 'd3-scale';
import { Chart, RowLabel, WIDTH, X_AXIS_HEIGHT, XAxis, type ChartFrame } from './chart.tsx';
import { at } from './texts.ts';

export interface HistogramRow {
  readonly label: string;
  readonly numbers: string;
  readonly colour: string;
  /** Each in 0..1. */
  readonly values: readonly number[];
}

interface HistogramsProps {
  readonly frame: ChartFrame;
  readonly rows: readonly HistogramRow[];
  readonly axis: string;
}

const BINS = 20;
const MARGIN = 18;
const ROW = 88;
const BASE = 76;
const BARS = 40;

/** A histogram for each row, in steps of 5 points, all on one scale. The tallest bar has its number. */
export function Histograms({ frame, rows, axis }: HistogramsProps) {
  const scale = scaleLinear().range([MARGIN, WIDTH - MARGIN]);
  const counted = rows.map((row) => ({ row, counts: countsOf(row.values) }));
  const most = Math.max(1, ...counted.flatMap(({ counts }) => counts));
  const bottom = (rows.length - 1) * ROW + BASE;
  return (
    <Chart frame={frame} height={bottom + X_AXIS_HEIGHT}>
      <XAxis scale={scale} title={axis} spans={rows.map((_, i) => [i * ROW + 22, i * ROW + BASE])} />
      {counted.map(({ row, counts }, i) => (
        <g key={row.label} class={row.colour}>
          <RowLabel label={row.label} numbers={row.numbers} y={i * ROW + 14} />
          <path class="axis" d={`M${MARGIN} ${i * ROW + BASE}H${WIDTH - MARGIN}`} />
          <path class="solid" d={barsOf(counts, most, i * ROW + BASE)} />
          <Tallest counts={counts} most={most} base={i * ROW + BASE} />
        </g>
      ))}
    </Chart>
  );
}

const BIN_WIDTH = (WIDTH - 2 * MARGIN) / BINS;

function countsOf(values: readonly number[]): number[] {
  const counts = Array.from({ length: BINS }, () => 0);
  for (const value of values) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(value * BINS + 1e-9)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

function barsOf(counts: readonly number[], most: number, base: number): string {
  return counts
    .map((count, bin) => {
      const height = at((BARS * count) / most);
      return count === 0
        ? ''
        : `M${at(MARGIN + bin * BIN_WIDTH + 1)} ${base}v${-height}h${at(BIN_WIDTH - 2)}v${height}z`;
    })
    .join('');
}

function Tallest({
  counts,
  most,
  base,
}: {
  readonly counts: readonly number[];
  readonly most: number;
  readonly base: number;
}) {
  const tallest = Math.max(...counts);
  if (tallest === 0) return null;
  const x = MARGIN + (counts.indexOf(tallest) + 0.5) * BIN_WIDTH;
  return (
    <text class="soft tiny middle" x={at(x)} y={at(base - (BARS * tallest) / most - 4)}>
      {tallest}
    </text>
  );
}
