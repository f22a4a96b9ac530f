/** @jsxRuntime automatic @jsxImportSource preact */
import { scaleLinear } from 'd3-scale';
import type { Estimate } from '../evaluate/estimate.ts';
import { Chart, WIDTH, X_AXIS_HEIGHT, XAxis, type ChartFrame, type Scale } from './chart.tsx';
import { at, fitText, percentTick, widthOf } from './texts.ts';

export interface EstimateRow {
  readonly label: string;
  readonly numbers: string;
  /** A filled dot. */
  readonly main: Estimate;
  /** A hollow dot, joined to the filled one by a thin line. */
  readonly other?: Estimate;
  /** The value by chance: a dashed line across the row. */
  readonly chance?: number;
  readonly colour: string;
}

interface EstimatesProps {
  readonly frame: ChartFrame;
  readonly rows: readonly EstimateRow[];
  readonly axis: string;
  readonly domain?: readonly [number, number];
  readonly ticks?: readonly number[];
  readonly tickText?: (value: number) => string;
  readonly key?: { readonly main: string; readonly other: string };
  /** A dashed line through all rows. */
  readonly reference?: number;
}

const MARGIN = 18;
const ROW = 40;
const TRACK = 28;
const KEY = 24;

export function Estimates({
  frame,
  rows,
  axis,
  domain = [0, 1],
  ticks,
  tickText,
  key: keys,
  ...props
}: EstimatesProps) {
  const scale = scaleLinear()
    .domain([...domain])
    .range([MARGIN, WIDTH - MARGIN]);
  const top = keys === undefined ? 2 : KEY;
  const bottom = top + rows.length * ROW;
  return (
    <Chart frame={frame} height={bottom + X_AXIS_HEIGHT}>
      {keys === undefined ? null : <DotKey {...keys} />}
      <XAxis
        scale={scale}
        title={axis}
        spans={rows.map((_, i) => [top + i * ROW + TRACK - 8, top + i * ROW + TRACK + 8])}
        ticks={ticks ?? scale.ticks(5)}
        tickText={tickText ?? percentTick}
      />
      {props.reference === undefined ? null : (
        <path
          class="axis"
          d={rows.map((_, i) => `M${at(scale(props.reference ?? 0))} ${top + i * ROW + TRACK - 9}v18`).join('')}
        />
      )}
      {rows.map((row, i) => (
        <Row key={row.label} row={row} scale={scale} top={top + i * ROW} />
      ))}
    </Chart>
  );
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
  const { main, other, chance } = row;
  const y = top + TRACK;
  const room = WIDTH - widthOf(row.numbers) - 8;
  const [x, otherX] = [main.value, other?.value ?? null].map((value) => (value === null ? null : at(scale(value))));
  return (
    <g class={row.colour}>
      <text x={0} y={top + 14}>
        {fitText(row.label, room)}
      </text>
      <text class="soft end" x={WIDTH} y={top + 14}>
        {row.numbers}
      </text>
      {chance === undefined ? null : <path class="chance" d={`M${at(scale(chance))} ${y - 9}v18`} />}
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
          <text x={0} y={i * BAR_ROW + 14}>
            {fitText(label, WIDTH - widthOf(numbers) - 8)}
          </text>
          <text class="soft end" x={WIDTH} y={i * BAR_ROW + 14}>
            {numbers}
          </text>
          <rect class="track" x={0} y={i * BAR_ROW + 19} width={WIDTH} height={7} />
          <rect class="fill" x={0} y={i * BAR_ROW + 19} width={at(scale(value))} height={7} />
        </g>
      ))}
    </Chart>
  );
}
