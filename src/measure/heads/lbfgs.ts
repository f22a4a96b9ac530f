/** A smooth function. Writes its gradient into `gradient` and gives its value. */
export type Objective = (point: Float64Array, gradient: Float64Array) => Promise<number>;

export interface MinimiseOptions {
  /** The search ends once the Euclidean norm of the gradient is at most this. */
  readonly gradientNorm: number;
  readonly mostIterations: number;
  readonly onIteration?: (iteration: number, gradientNorm: number) => void;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly hasConverged: boolean;
}

/** Pairs of steps and changes of the gradient that are remembered. */
const MEMORY = 10;
/** A pair with less curvature than this, relative to its length, is not remembered. */
const LEAST_CURVATURE = 1e-12;

interface Place extends LinePoint {
  readonly point: Float64Array;
  readonly gradient: Float64Array;
}

interface Pair {
  /** The step. */
  readonly s: Float64Array;
  /** The change of the gradient. */
  readonly y: Float64Array;
  /** y . s, above 0 */
  readonly curvature: number;
}

/**
 * Minimises a smooth function with L-BFGS in double precision. It uses no random numbers. Source: Nocedal & Wright,
 * "Numerical Optimization" (2nd edition, 2006), algorithms 7.4 and 7.5.
 */
export async function minimise(objective: Objective, start: Float64Array, options: MinimiseOptions): Promise<Minimum> {
  let here = await placeAt(objective, start);
  let pairs: Pair[] = [];
  let iterations = 0;
  while (normOf(here.gradient) > options.gradientNorm && iterations < options.mostIterations) {
    const next = await nextPlace(objective, here, pairs);
    // Old pairs may mislead. Without them the search goes downhill.
    if (next === null && pairs.length === 0) break;
    const pair = next === null ? null : pairOf(here, next);
    pairs = next === null ? [] : [...pairs, ...(pair === null ? [] : [pair])].slice(-MEMORY);
    if (next === null) continue;
    here = next;
    iterations += 1;
    options.onIteration?.(iterations, normOf(here.gradient));
  }
  const { point, value, gradient } = here;
  const gradientNorm = normOf(gradient);
  return { point, value, gradient, gradientNorm, iterations, hasConverged: gradientNorm <= options.gradientNorm };
}

/** Null if the direction leads nowhere lower. */
async function nextPlace(objective: Objective, here: Place, pairs: readonly Pair[]): Promise<Place | null> {
  const direction = directionOf(here.gradient, pairs);
  const slope = dot(here.gradient, direction);
  if (!(slope < 0)) return null;
  const at = (step: number): Promise<Place> =>
    placeAt(
      objective,
      here.point.map((value, i) => value + step * (direction[i] ?? 0)),
      { step, direction },
    );
  // The first direction is the gradient, whose length does not suggest a step size.
  const firstStep = pairs.length === 0 ? Math.min(1, 1 / normOf(here.gradient)) : 1;
  return findStep(at, { ...here, step: 0, slope }, firstStep);
}

async function placeAt(
  objective: Objective,
  point: Float64Array,
  { step, direction }: { readonly step: number; readonly direction: Float64Array | null } = {
    step: 0,
    direction: null,
  },
): Promise<Place> {
  const gradient = new Float64Array(point.length);
  const value = await objective(point, gradient);
  return { point, gradient, value, step, slope: direction === null ? 0 : dot(gradient, direction) };
}

/** Algorithm 7.4: minus the approximate inverse Hessian times the gradient. */
function directionOf(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const result = gradient.map((value) => -value);
  const shares: number[] = [];
  for (const { s, y, curvature } of pairs.toReversed()) {
    const share = dot(s, result) / curvature;
    shares.push(share);
    addTo(result, y, -share);
  }
  const last = pairs.at(-1);
  if (last !== undefined) scale(result, last.curvature / dot(last.y, last.y));
  for (const { s, y, curvature } of pairs) addTo(result, s, (shares.pop() ?? 0) - dot(y, result) / curvature);
  return result;
}

function pairOf(before: Place, after: Place): Pair | null {
  const s = after.point.map((value, i) => value - (before.point[i] ?? 0));
  const y = after.gradient.map((value, i) => value - (before.gradient[i] ?? 0));
  const curvature = dot(s, y);
  return curvature > LEAST_CURVATURE * normOf(s) * normOf(y) ? { s, y, curvature } : null;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

export function normOf(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}

function addTo(target: Float64Array, vector: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i += 1) target[i] = (target[i] ?? 0) + factor * (vector[i] ?? 0);
}

function scale(target: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i += 1) target[i] = (target[i] ?? 0) * factor;
}

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
 * Finds a step that fulfils the strong Wolfe conditions, or null if none lowers the value. `start` is the function at
 * step 0, with a negative slope. Source: Nocedal & Wright, "Numerical Optimization" (2nd edition, 2006), algorithms 3.5
 * and 3.6, with cubic interpolation (3.59). Close to a minimum, where differences of values are only rounding, a step
 * with a slope that is small enough is accepted. Hager & Zhang, "A new conjugate gradient method with guaranteed
 * descent and an efficient line search" (2005), do the same.
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
