/** Chooses settings from measured times. Pure. */
import { MOST_THREADS } from '../../config/settings.ts';

/** Time of a crop for passes of one size. */
export interface BatchTime {
  readonly model: string;
  readonly crops: number;
  readonly msPerCrop: number;
}

export interface LayoutRate {
  readonly threads: number;
  readonly cropsPerSecond: number;
}

/** Least gain, as a fraction, of a larger pass or one more thread. Less is noise, and both take memory. */
const WORTH = 0.02;

/** The best time of a crop for each pass size, from the milliseconds of whole passes. */
export function batchTimes(model: string, passMs: ReadonlyMap<number, readonly number[]>): BatchTime[] {
  return [...passMs].map(([crops, times]) => ({ model, crops, msPerCrop: Math.min(...times) / crops }));
}

/** The pass size with the least total time for one crop of every member. Of sizes that are as good, the smallest. */
export function bestBatch(times: readonly BatchTime[]): number {
  const totals = new Map<number, number>();
  for (const { crops, msPerCrop } of times) totals.set(crops, (totals.get(crops) ?? 0) + msPerCrop);
  const least = Math.min(...totals.values());
  const good = [...totals].filter(([, total]) => total <= least * (1 + WORTH)).map(([crops]) => crops);
  return Math.min(...good);
}

/** The number of threads that evaluates the most crops a second. Of numbers that are as good, the smallest. */
export function bestLayout(rates: readonly LayoutRate[]): number {
  const most = Math.max(...rates.map(({ cropsPerSecond }) => cropsPerSecond));
  const good = rates.filter(({ cropsPerSecond }) => cropsPerSecond >= most * (1 - WORTH));
  return Math.min(...good.map(({ threads }) => threads));
}

/** Numbers of threads to try: all processors, half of them (two may share a core), one less, and one. */
export function threadCounts(processors: number): number[] {
  const counts = [processors, Math.ceil(processors / 2), processors - 1, 1];
  const possible = counts.filter((count) => count >= 1).map((count) => Math.min(count, MOST_THREADS));
  return [...new Set(possible)].toSorted((a, b) => b - a);
}
