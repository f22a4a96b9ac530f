/** @jsxRuntime automatic @jsxImportSource preact */
interface BarProps {
  readonly kind: 'searched' | 'predicted' | 'funnel';
  /** 0..1 of the width. */
  readonly ratio: number;
  /** A thin line across the bar, 0..1 of the width. */
  readonly mark?: number | undefined;
}

/**
 * A horizontal bar, filled from the left. It is drawn with SVG attributes because the policy of pages refuses `style`
 * attributes, and because printers leave CSS backgrounds out. It is decoration: the number always stands beside it as text.
 */
export function Bar({ kind, ratio, mark }: BarProps) {
  return (
    <svg class={`bar ${kind}`} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="8" />
      <rect class="fill" width={percent(ratio)} height="8" />
      {mark === undefined ? null : <path class="mark" d={`M${percent(mark)} 0V8`} vector-effect="non-scaling-stroke" />}
    </svg>
  );
}

function percent(ratio: number): string {
  return (100 * Math.min(Math.max(ratio, 0), 1)).toFixed(2);
}
