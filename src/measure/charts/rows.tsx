/** @jsxRuntime automatic @jsxImportSource preact */
import { scaleLinear } from 'd3-scale';
import type { Estimate } from './estimate.ts';
import { Chart, RowLabel, WIDTH, X_AXIS_HEIGHT, XAxis, type ChartFrame, type Scale } from './chart.tsx';
import { at, widthOf } from './texts.ts';

export interface EstimateRow {
  readonly label: string;
  readonly numbers: string;
  /** A filled dot. */
  readonly main: Estimate;
  /** A hollow dot, joined to the filled one by a thin line. */
  readonly other?: Estimate;
  readonly colour: string;
}

interface EstimatesProps {
  readonly frame: ChartFrame;
  readonly rows: readonly EstimateRow[];
  readonly axis: string;
  readonly key?: { readonly main: string; readonly other: string };
  /** For differences: the axis is from `-most` to `most`, with a line at 0. Otherwise values are shares. */
  readonly most?: number;
}

const MARGIN = 18;
const ROW = 40;
const TRACK = 28;
const KEY = 24;

export function Estimates({ frame, rows, axis, key: keys, most }: EstimatesProps) {
  const scale = scaleLinear()
    .domain(most === undefined ? [0, 1] : [-most, most])
    .range([MARGIN, WIDTH - MARGIN]);
  const top = keys === undefined ? 2 : KEY;
  const middles = rows.map((_, i) => top + i * ROW + TRACK);
  return (
    <Chart frame={frame} height={top + rows.length * ROW + X_AXIS_HEIGHT}>
      {keys === undefined ? null : <DotKey {...keys} />}
      <XAxis
        scale={scale}
        title={axis}
        spans={middles.map((y) => [y - 8, y + 8])}
        {...(most === undefined ? {} : { ticks: scale.ticks(5), tickText: pointTick })}
      />
      {most === undefined ? null : (
        <path class="axis" d={middles.map((y) => `M${at(scale(0))} ${y - 9}v18`).join('')} />
      )}
      {rows.map((row, i) => (
        <Row key={row.label} row={row} scale={scale} top={top + i * ROW} />
      ))}
    </Chart>
  );
}

function pointTick(difference: number): string {
  return (100 * difference).toFixed(0).replace('-', '−');
}

function DotKey({ main, other }: { readonly main: string; readonly other: string }) {
  const second = MARGIN + 26 + widthOf(main);
  return (
    <g class="ink-key">
      <circle class="point" cx={MARGIN} cy={9} r={5} />
      <text class="soft" x={MARGIN + 10} y={13}>
        {main}
      </text>
      <circle class="hollow" cx={at(second)} cy={9} r={4.4} />
      <text class="soft" x={at(second + 10)} y={13}>
        {other}
      </text>
    </g>
  );
}

function Row({ row, scale, top }: { readonly row: EstimateRow; readonly scale: Scale; readonly top: number }) {
  const { main, other } = row;
  const y = top + TRACK;
  const [x, otherX] = [main.value, other?.value ?? null].map((value) => (value === null ? null : at(scale(value))));
  return (
    <g class={row.colour}>
      <RowLabel label={row.label} numbers={row.numbers} y={top + 14} />
      {x == null || otherX == null ? null : <path class="drop" d={`M${otherX} ${y}H${x}`} />}
      <Range of={other} scale={scale} y={y} />
      <Range of={main} scale={scale} y={y} />
      {otherX == null ? null : <circle class="hollow" cx={otherX} cy={y} r={4.4} />}
      {x == null ? null : <circle class="point" cx={x} cy={y} r={5} />}
    </g>
  );
}

function Range({ of, scale, y }: { readonly of: Estimate | undefined; readonly scale: Scale; readonly y: number }) {
  if (of === undefined || of.low === null || of.high === null) return null;
  return <path class="range" d={`M${at(scale(of.low))} ${y}H${at(scale(of.high))}`} />;
}

interface BarsProps {
  readonly frame: ChartFrame;
  readonly rows: readonly { readonly label: string; readonly value: number; readonly numbers: string }[];
}

const BAR_ROW = 32;

export function Bars({ frame, rows }: BarsProps) {
  const most = Math.max(1, ...rows.map(({ value }) => value));
  const scale = scaleLinear().domain([0, most]).range([0, WIDTH]);
  return (
    <Chart frame={frame} height={rows.length * BAR_ROW + 2}>
      {rows.map(({ label, value, numbers }, i) => (
        <g key={label}>
          <RowLabel label={label} numbers={numbers} y={i * BAR_ROW + 14} />
          <rect class="track" x={0} y={i * BAR_ROW + 19} width={WIDTH} height={7} />
          <rect class="fill" x={0} y={i * BAR_ROW + 19} width={at(scale(value))} height={7} />
        </g>
      ))}
    </Chart>
  );
}
