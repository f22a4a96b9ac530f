interface IntervalPlotProps {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** The left end of the scale; the right end is 1. */
  readonly from: number;
}

const WIDTH = 120;
const HEIGHT = 14;
const MARGIN = 5;

/** A coefficient with its interval, on a scale that ends at 1. It is decoration: the numbers stand beside it as text. */
export function IntervalPlot({ value, low, high, from }: IntervalPlotProps) {
  const middle = HEIGHT / 2;
  const placeOf = (number: number): number =>
    MARGIN + ((WIDTH - 2 * MARGIN) * (Math.max(number, from) - from)) / (1 - from);
  const ticks = [0, 0.5, 1].map((tick) => `M${placeOf(tick).toFixed(1)} 2V${HEIGHT - 2}`);
  return (
    <svg class="interval" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
      <path class="scale" d={`M${MARGIN} ${middle}H${WIDTH - MARGIN}${ticks.join('')}`} />
      {low === null || high === null ? null : (
        <path class="range" d={`M${placeOf(low).toFixed(1)} ${middle}H${placeOf(high).toFixed(1)}`} />
      )}
      {value === null ? null : <circle class="point" cx={placeOf(value).toFixed(1)} cy={middle} r="4" />}
    </svg>
  );
}

/** Where the scale of plots must start so that all of these fit: 0, or the next tenth below the least of them. */
export function scaleStartOf(values: readonly (number | null)[]): number {
  const least = Math.min(0, ...values.filter((value) => value !== null));
  return Math.floor(least * 10) / 10;
}
