/** @jsxRuntime automatic @jsxImportSource preact */
import { scaleLinear } from 'd3-scale';
import { curveLinear, curveStepBefore, line } from 'd3-shape';
import { Chart, RowLabel, WIDTH, X_AXIS_HEIGHT, XAxis, YAxis, type ChartFrame, type Scale } from './chart.tsx';
import { at } from './texts.ts';

export interface Series {
  readonly letter: string;
  readonly name: string;
  readonly numbers: string;
  readonly colour: string;
  readonly dash: string | undefined;
  readonly points: readonly Point[];
}

/** Both in 0..1. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

interface CurvesProps {
  readonly frame: ChartFrame;
  readonly series: readonly Series[];
  readonly x: string;
  readonly y: string;
  /** The result of a score without information: the diagonal, or a constant in 0..1. */
  readonly chance?: 'diagonal' | number;
  /** Steps instead of straight lines. */
  readonly isStepped?: boolean;
  readonly highest?: number;
  readonly hasDots?: boolean;
}

const LEFT = 42;
const TOP = 26;
const RIGHT = WIDTH - 18;
const BOTTOM = TOP + 220;
const KEY_ROW = 18;

/** Curves with percent on both axes. A letter at each curve refers to its name and number below. */
export function Curves({ frame, series, x, y, chance, isStepped = false, hasDots = false, highest = 1 }: CurvesProps) {
  const across = scaleLinear().range([LEFT, RIGHT]);
  const up = scaleLinear().domain([0, highest]).range([BOTTOM, TOP]);
  const keyTop = BOTTOM + X_AXIS_HEIGHT + 8;
  const path = line<Point>(
    (point) => across(point.x),
    (point) => up(point.y),
  )
    .curve(isStepped ? curveStepBefore : curveLinear)
    .digits(1);
  return (
    <Chart frame={frame} height={keyTop + series.length * KEY_ROW}>
      <XAxis scale={across} title={x} spans={[[TOP, BOTTOM]]} />
      <YAxis scale={up} title={y} left={LEFT} right={RIGHT} ticks={up.ticks(4)} />
      <Chance of={chance} across={across} up={up} />
      {series.map((one) => (
        <g key={one.letter} class={one.colour}>
          <path class="curve" d={path(one.points) ?? ''} stroke-dasharray={one.dash} />
          {hasDots ? <Dots points={one.points} across={across} up={up} /> : null}
        </g>
      ))}
      {badgesOf(series, { across, up }).map(({ one, cx, cy }) => (
        <Badge key={one.letter} one={one} cx={cx} cy={cy} />
      ))}
      {series.map((one, i) => (
        <KeyLine key={one.letter} one={one} y={keyTop + i * KEY_ROW} />
      ))}
    </Chart>
  );
}

type Plot = { readonly across: Scale; readonly up: Scale };

function Chance({ of, across, up }: Plot & { readonly of: CurvesProps['chance'] }) {
  if (of === undefined) return null;
  const [from, to] = of === 'diagonal' ? [0, 1] : [of, of];
  return <path class="chance" d={`M${at(across(0))} ${at(up(from))}L${at(across(1))} ${at(up(to))}`} />;
}

function Dots({ points, across, up }: Plot & { readonly points: readonly Point[] }) {
  return (
    <>
      {points.map(({ x, y }) => (
        <circle key={`${x} ${y}`} class="point" cx={at(across(x))} cy={at(up(y))} r={3.6} />
      ))}
    </>
  );
}

/** Candidate positions of a letter on a curve, as shares of the curve's points. */
const STANDS = [0.94, 0.8, 0.66, 0.52, 0.38, 0.24];

/** Places each letter on its curve where the other curves are far away, as far right as possible. */
function badgesOf(series: readonly Series[], { across, up }: Plot) {
  return series.flatMap((one) => {
    const others = series.filter((other) => other !== one);
    const points = one.points.toSorted((a, b) => a.x - b.x);
    const stands = STANDS.flatMap((share) => {
      const point = points[Math.floor(share * points.length)];
      return point === undefined ? [] : [{ one, cx: across(point.x), cy: up(point.y), room: roomAt(point, others) }];
    });
    const [best] = stands.toSorted((a, b) => Math.min(b.room, ENOUGH) - Math.min(a.room, ENOUGH));
    return best === undefined ? [] : [best];
  });
}

/** Curves at least this far apart cannot be confused. A share of the plot. */
const ENOUGH = 0.12;

/** Distance from a point to the nearest other curve or the lower edge of the plot. */
function roomAt({ x, y }: Point, others: readonly Series[]): number {
  const away = others.map(({ points }) => {
    const nearest = points.reduce<Point | null>(
      (best, point) => (best === null || Math.abs(point.x - x) < Math.abs(best.x - x) ? point : best),
      null,
    );
    return nearest === null ? 1 : Math.hypot(nearest.x - x, nearest.y - y);
  });
  return Math.min(1, ...away);
}

function Badge({ one, cx, cy }: { readonly one: Series; readonly cx: number; readonly cy: number }) {
  return (
    <g class={one.colour}>
      <circle class="badge" cx={at(cx)} cy={at(cy)} r={6.5} />
      <text class="letter" x={at(cx)} y={at(cy + 3.4)}>
        {one.letter}
      </text>
    </g>
  );
}

function KeyLine({ one, y }: { readonly one: Series; readonly y: number }) {
  return (
    <g class={one.colour}>
      <path class="curve" d={`M0 ${at(y)}H22`} stroke-dasharray={one.dash} />
      <Badge one={one} cx={32} cy={y} />
      <RowLabel label={one.name} numbers={one.numbers} x={46} y={y + 4} />
    </g>
  );
}
