/** The few statistics that benchmarks print. Medians, since one disturbed run of a shared machine must not decide. */

/** The middle value, or the mean of the two in the middle. Throws a RangeError for an empty list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('Expected at least one value for a median but received none');
  const sorted = values.toSorted((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  const high = sorted[upper] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : (high + (sorted[upper - 1] ?? Number.NaN)) / 2;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Of several rounds: the median, and how far they lie apart. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** A stretch of a run, in milliseconds since the Unix epoch, and how many items were done in it. */
export interface SteadyStretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly items: number;
}

const WARM_UP_SHARE = 0.1;

/**
 * The run without its first and its last tenth, told from when each item was done: what it does once it runs, without the
 * start of programs and the last ones that are waited for. Needs 20 items at least.
 */
export function steadyStretch(doneAtMs: readonly number[]): SteadyStretch {
  if (doneAtMs.length < 20)
    throw new RangeError(`Expected at least 20 items for a steady rate but received ${doneAtMs.length}`);
  const sorted = doneAtMs.toSorted((a, b) => a - b);
  const first = Math.floor(sorted.length * WARM_UP_SHARE);
  const last = sorted.length - 1 - first;
  return { fromMs: sorted[first] ?? Number.NaN, toMs: sorted[last] ?? Number.NaN, items: last - first };
}

/** Items a second within the stretch. */
export function ratePerSecond({ fromMs, toMs, items }: SteadyStretch): number {
  return (items * 1_000) / (toMs - fromMs);
}

/** A value that only grows, read now and then. */
export interface Reading {
  readonly atMs: number;
  readonly value: number;
}

/** The value at a moment, on the line between the readings around it; before the first and after the last, theirs. */
export function valueAt(readings: readonly Reading[], atMs: number): number {
  const next = readings.findIndex((reading) => reading.atMs >= atMs);
  if (next === -1) return readings.at(-1)?.value ?? 0;
  const after = readings[next];
  const before = readings[next - 1];
  if (after === undefined) return 0;
  if (before === undefined) return after.value;
  return before.value + ((after.value - before.value) * (atMs - before.atMs)) / (after.atMs - before.atMs);
}

/** The chance that a standard normal variable is at least `x`, for 0..30: Simpson's rule over the next 12 of them. */
export function normalTail(x: number): number {
  const steps = 2_400;
  const width = 12 / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i += 1) {
    const weight = i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.exp(-((x + i * width) ** 2) / 2);
  }
  return (sum * width) / 3 / Math.sqrt(2 * Math.PI);
}
