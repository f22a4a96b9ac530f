/** @jsxRuntime automatic @jsxImportSource preact */
import type { ScaleLinear } from 'd3-scale';
import type { ComponentChildren } from 'preact';
import { at, fitText, percentTick, widthOf } from './texts.ts';

/** Chart width in units. Text is 12 units high, so a chart is legible from 290 pixels. */
export const WIDTH = 340;

export interface ChartFrame {
  /** A prefix for element ids, unique on the page. */
  readonly id: string;
  readonly title: string;
  /** The text alternative: one sentence with the main numbers. */
  readonly text: string;
}

interface ChartProps {
  readonly frame: ChartFrame;
  readonly height: number;
  /** In pixels, for a chart with links. Others are one image, as wide as their place. */
  readonly linksWidth?: number | undefined;
  readonly children: ComponentChildren;
}

export function Chart({ frame: { id, title, text }, height, linksWidth, children }: ChartProps) {
  return (
    <svg
      class="chart"
      role={linksWidth === undefined ? 'img' : 'group'}
      aria-labelledby={`${id}-title ${id}-text`}
      viewBox={`0 0 ${at(linksWidth ?? WIDTH)} ${at(height)}`}
      width={linksWidth}
    >
      <title id={`${id}-title`}>{title}</title>
      <desc id={`${id}-text`}>{text}</desc>
      {children}
    </svg>
  );
}

interface RowLabelProps {
  readonly label: string;
  readonly numbers: string;
  readonly x?: number;
  readonly y: number;
}

/** A line of text: a name, cut to the room that is left, and its numbers at the right end. */
export function RowLabel({ label, numbers, x = 0, y }: RowLabelProps) {
  return (
    <>
      <text x={x} y={at(y)}>
        {fitText(label, WIDTH - x - 8 - widthOf(numbers))}
      </text>
      <text class="soft end" x={WIDTH} y={at(y)}>
        {numbers}
      </text>
    </>
  );
}

export type Scale = ScaleLinear<number, number>;

interface AxisProps {
  readonly scale: Scale;
  /** Includes the unit. */
  readonly title: string;
}

const QUARTERS = [0, 0.25, 0.5, 0.75, 1] as const;

interface XAxisProps extends AxisProps {
  readonly ticks?: readonly number[];
  readonly tickText?: (value: number) => string;
  /** Vertical extents of the rules, in chart units. The axis is below the last. */
  readonly spans: readonly (readonly [top: number, bottom: number])[];
}

/** Height of the ticks and the title below a plot, in chart units. */
export const X_AXIS_HEIGHT = 36;

export function XAxis({ scale, title, ticks = QUARTERS, tickText = percentTick, spans }: XAxisProps) {
  const [left = 0, right = 0] = scale.range();
  const bottom = spans.at(-1)?.[1] ?? 0;
  const rules = ticks.flatMap((tick) => spans.map(([from, to]) => `M${at(scale(tick))} ${at(from)}V${at(to)}`));
  return (
    <>
      <path class="line" d={rules.join('')} />
      {ticks.map((tick) => (
        <text key={tick} class="soft tiny middle" x={at(scale(tick))} y={at(bottom + 16)}>
          {tickText(tick)}
        </text>
      ))}
      <text class="soft middle" x={at((left + right) / 2)} y={at(bottom + 31)}>
        {title}
      </text>
    </>
  );
}

interface YAxisProps extends AxisProps {
  readonly ticks: readonly number[];
  readonly left: number;
  readonly right: number;
}

/** A vertical axis left of a plot, with rules. Its title is above it, because rotated text is hard to read. */
export function YAxis({ scale, title, ticks, left, right }: YAxisProps) {
  const [bottom = 0, top = 0] = scale.range();
  const rules = ticks.map((tick) => `M${at(left)} ${at(scale(tick))}H${at(right)}`);
  return (
    <>
      <path class="line" d={rules.join('')} />
      {ticks.map((tick) => (
        <text key={tick} class="soft tiny end" x={at(left - 6)} y={at(scale(tick) + 4)}>
          {percentTick(tick)}
        </text>
      ))}
      <text class="soft" x={0} y={at(Math.min(bottom, top) - 10)}>
        {title}
      </text>
    </>
  );
}
