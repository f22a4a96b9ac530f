const WIDTH = 200;
const HEIGHT = 36;

/** A stage's photos a second in each minute of the last hour; a flat line before there are two. */
export function Sparkline({ values }: { readonly values: readonly number[] }) {
  const most = Math.max(...values, 0.001);
  const shown = values.length < 2 ? [0, 0] : values;
  const points = shown.map(
    (value, i) => `${(WIDTH * i) / (shown.length - 1)},${HEIGHT - 2 - (value / most) * (HEIGHT - 4)}`,
  );
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label="Rate over the last hour">
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke="currentColor"
        stroke-width="1.5"
        vector-effect="non-scaling-stroke"
      />
    </svg>
  );
}
