/** @jsxRuntime automatic @jsxImportSource preact */
import { countText } from '../../../core/kernel/texts.ts';
import { Chart, WIDTH, type ChartFrame } from '../../../measure/charts/chart.tsx';
import { at } from '../../../measure/charts/texts.ts';

interface DayBarsProps {
  readonly frame: ChartFrame;
  /** A number for each day from the first to the last. */
  readonly counts: readonly number[];
  readonly first: string;
  readonly last: string;
  readonly colour: 'searched' | 'predicted' | 'm1';
}

const TOP = 18;
const BASE = 96;

/** A bar for each day, on a scale of its own. The tallest bar has its number. */
export function DayBars({ frame, counts, first, last, colour }: DayBarsProps) {
  const most = Math.max(1, ...counts);
  const step = WIDTH / Math.max(1, counts.length);
  const gap = step > 4 ? 1.5 : 0.5;
  const bars = counts.map((count, i) => {
    const height = at(Math.max(1.5, ((BASE - TOP) * count) / most));
    return count === 0 ? '' : `M${at(i * step + gap)} ${BASE}v${-height}h${at(step - 2 * gap)}v${height}z`;
  });
  const tallest = counts.indexOf(most);
  const isLate = 2 * tallest > counts.length;
  return (
    <Chart frame={frame} height={BASE + 18}>
      <path class="line" d={`M0 ${BASE}H${WIDTH}`} />
      <path class={`${colour} solid`} d={bars.join('')} />
      {tallest === -1 ? null : (
        <text class={`soft tiny${isLate ? ' end' : ''}`} x={at((isLate ? tallest + 1 : tallest) * step)} y={TOP - 5}>
          {countText(most)}
        </text>
      )}
      <text class="soft tiny" x={0} y={BASE + 14}>
        {first}
      </text>
      <text class="soft tiny end" x={WIDTH} y={BASE + 14}>
        {last}
      </text>
    </Chart>
  );
}
