/**
 * The statistics that benchmarks print. They use medians, so that one disturbed run on a shared machine does not decide.
 */

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

/** The median of several rounds, and their smallest and largest value. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** A part of a run, in milliseconds since the Unix epoch, and the number of items that were done in it. */
export interface SteadyStretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly items: number;
}

const WARM_UP_SHARE = 0.1;

/**
 * The run without its first and last tenth, computed from the times at which items were done. It excludes the start of
 * programs and the wait for the last items. Needs at least 20 items.
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

/** One reading of a value that only grows. */
export interface Reading {
  readonly atMs: number;
  readonly value: number;
}

/** The value at a moment, interpolated between readings. Before the first reading and after the last it is constant. */
export function valueAt(readings: readonly Reading[], atMs: number): number {
  const next = readings.findIndex((reading) => reading.atMs >= atMs);
  if (next === -1) return readings.at(-1)?.value ?? 0;
  const after = readings[next];
  const before = readings[next - 1];
  if (after === undefined) return 0;
  if (before === undefined) return after.value;
  return before.value + ((after.value - before.value) * (atMs - before.atMs)) / (after.atMs - before.atMs);
}
