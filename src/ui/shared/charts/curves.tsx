/** @jsxRuntime automatic @jsxImportSource preact */
import { scaleLinear } from 'd3-scale';
import { curveLinear, curveStepAfter, curveStepBefore, line } from 'd3-shape';
import { Chart, WIDTH, X_AXIS_HEIGHT, XAxis, YAxis, type ChartFrame, type Scale } from './chart.tsx';
import { at, fitText, widthOf } from './texts.ts';

export interface Series {
  /** A letter that stands for the name at the curve. */
  readonly letter: string;
  readonly name: string;
  /** The main number of the curve, as text. */
  readonly numbers: string;
  /** The class of its colour, and its dash pattern. */
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
  /** Titles of the axes, with units. */
  readonly x: string;
  readonly y: string;
  /** What a score without information gives: the diagonal, or a share. */
  readonly chance?: 'diagonal' | number;
  /** Steps, as precision changes with recall; or straight lines. */
  readonly steps?: 'before' | 'after';
  /** Points get a dot each. */
  readonly hasDots?: boolean;
}

const LEFT = 42;
const TOP = 26;
const RIGHT = WIDTH - 16;
const BOTTOM = TOP + 220;
const KEY_ROW = 18;
/** Letters at curves are so far apart at least. */
const APART = 14;

/** Curves in a square of percent by percent. A letter at each curve leads to its name and number below. */
export function Curves({ frame, series, x, y, chance, steps, hasDots = false }: CurvesProps) {
  const across = scaleLinear().range([LEFT, RIGHT]);
  const up = scaleLinear().range([BOTTOM, TOP]);
  const keyTop = BOTTOM + X_AXIS_HEIGHT + 8;
  const path = line<Point>(
    (point) => across(point.x),
    (point) => up(point.y),
  )
    .curve(CURVES[steps ?? 'none'])
    .digits(1);
  return (
    <Chart frame={frame} height={keyTop + series.length * KEY_ROW}>
      <XAxis scale={across} title={x} top={TOP} bottom={BOTTOM} />
      <YAxis scale={up} title={y} left={LEFT} right={RIGHT} />
      <Chance of={chance} across={across} up={up} />
      {series.map((one) => (
        <g key={one.letter} class={one.colour}>
          <path class="curve" d={path(one.points) ?? ''} stroke-dasharray={one.dash} />
          {hasDots ? <Dots points={one.points} across={across} up={up} /> : null}
        </g>
      ))}
      {badgesOf(series, across, up).map(({ one, cx, cy }) => (
        <Badge key={one.letter} one={one} cx={cx} cy={cy} />
      ))}
      {series.map((one, i) => (
        <KeyLine key={one.letter} one={one} y={keyTop + i * KEY_ROW} />
      ))}
    </Chart>
  );
}

const CURVES = { none: curveLinear, before: curveStepBefore, after: curveStepAfter } as const;

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

/** Where each letter stands: at the right end of its curve, moved down where letters would overlap. */
function badgesOf(series: readonly Series[], across: Scale, up: Scale) {
  const ends = series
    .flatMap((one) => {
      const end = one.points.toSorted((a, b) => a.x - b.x).at(-1);
      return end === undefined ? [] : [{ one, cx: across(end.x), cy: up(end.y) }];
    })
    .toSorted((a, b) => a.cy - b.cy);
  let above = -APART;
  return ends.map(({ one, cx, cy }) => {
    above = Math.max(cy, above + APART);
    return { one, cx, cy: above };
  });
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
      <text x={46} y={at(y + 4)}>
        {fitText(one.name, WIDTH - 54 - widthOf(one.numbers))}
      </text>
      <text class="soft end" x={WIDTH} y={at(y + 4)}>
        {one.numbers}
      </text>
    </g>
  );
}
