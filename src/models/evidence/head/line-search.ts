/** A function along a line from a point, at one step. */
export interface LinePoint {
  readonly step: number;
  readonly value: number;
  /** The derivative along the line. */
  readonly slope: number;
}

/** The constants of the Wolfe conditions: those that Nocedal & Wright give for quasi-Newton methods. */
const SUFFICIENT_DECREASE = 1e-4;
const CURVATURE = 0.9;
/** Values this close, relative to the value at step 0, differ by rounding. The slope alone then decides. */
const ROUNDING = 1e-12;
const MOST_STEPS = 30;
/** Part of an interval at each end in which no new step is tried, so that the interval shrinks. */
const MARGIN = 0.1;

/**
 * Finds a step that fulfils the strong Wolfe conditions.
 * Source: Nocedal & Wright, "Numerical Optimization" (2nd edition, 2006), algorithms 3.5 and 3.6, with cubic interpolation (3.59).
 * Close to a minimum, where differences of values are only rounding, a step with a slope that is small enough is accepted. Hager &
 * Zhang, "A new conjugate gradient method with guaranteed descent and an efficient line search" (2005), do the same.
 *
 * @param at evaluates the function at a step above 0
 * @param start the function at step 0, with a negative slope
 * @param firstStep tried first
 * @returns null if no step was found that lowers the value
 */
export async function findStep<Point extends LinePoint>(
  at: (step: number) => Promise<Point>,
  start: Point,
  firstStep: number,
): Promise<Point | null> {
  let before = start;
  let step = firstStep;
  for (let i = 0; i < MOST_STEPS; i += 1) {
    const now = await at(step);
    if (isAccepted(now, start)) return now;
    if (!isLowEnough(now, start) || (i > 0 && now.value >= before.value)) return zoom(at, start, [before, now]);
    if (now.slope >= 0) return zoom(at, start, [now, before]);
    before = now;
    step *= 2;
  }
  return lowered(before);
}

/** Algorithm 3.6. `low` has the lowest value of the steps so far that decrease the value sufficiently. */
async function zoom<Point extends LinePoint>(
  at: (step: number) => Promise<Point>,
  start: Point,
  [first, second]: readonly [Point, Point],
): Promise<Point | null> {
  let [low, high] = [first, second];
  for (let i = 0; i < MOST_STEPS; i += 1) {
    const now = await at(between(low, high));
    if (isAccepted(now, start)) return now;
    if (!isLowEnough(now, start) || now.value >= low.value) high = now;
    else {
      if (now.slope * (high.step - low.step) >= 0) high = low;
      low = now;
    }
  }
  return lowered(low);
}

function lowered<Point extends LinePoint>(point: Point): Point | null {
  return point.step > 0 ? point : null;
}

function isLowEnough({ step, value }: LinePoint, start: LinePoint): boolean {
  return value <= start.value + SUFFICIENT_DECREASE * step * start.slope;
}

function isAccepted(point: LinePoint, start: LinePoint): boolean {
  const isFlat = Math.abs(point.slope) <= -CURVATURE * start.slope;
  const isSame = Math.abs(point.value - start.value) <= ROUNDING * Math.abs(start.value);
  return isFlat && (isSame || isLowEnough(point, start));
}

/** The minimum of the cubic through two points and their slopes, kept away from both. The middle if there is none. */
function between(a: LinePoint, b: LinePoint): number {
  const width = b.step - a.step;
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.step - b.step);
  const d2 = Math.sign(width) * Math.sqrt(d1 ** 2 - a.slope * b.slope);
  const step = b.step - (width * (b.slope + d2 - d1)) / (b.slope - a.slope + 2 * d2);
  const share = (step - a.step) / width;
  return a.step + width * (Number.isFinite(share) ? Math.min(1 - MARGIN, Math.max(MARGIN, share)) : 0.5);
}
