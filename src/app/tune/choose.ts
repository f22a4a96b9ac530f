/** From measured times to settings. Pure. */
import { MOST_THREADS } from '../../config/settings.ts';

/** What a crop takes in passes of some size. */
export interface BatchTime {
  readonly model: string;
  readonly crops: number;
  readonly msPerCrop: number;
}

export interface LayoutRate {
  readonly threads: number;
  readonly cropsPerSecond: number;
}

/** A larger pass, or one more thread, must be worth this much: below it is noise, and both take memory. */
const WORTH = 0.02;

/** The best time a crop for each size of a pass, from the milliseconds of passes. */
export function batchTimes(model: string, passMs: ReadonlyMap<number, readonly number[]>): BatchTime[] {
  return [...passMs].map(([crops, times]) => ({ model, crops, msPerCrop: Math.min(...times) / crops }));
}

/** The size of a pass with which one crop of every member takes the least time together; the smallest of those as good. */
export function bestBatch(times: readonly BatchTime[]): number {
  const totals = new Map<number, number>();
  for (const { crops, msPerCrop } of times) totals.set(crops, (totals.get(crops) ?? 0) + msPerCrop);
  const least = Math.min(...totals.values());
  const good = [...totals].filter(([, total]) => total <= least * (1 + WORTH)).map(([crops]) => crops);
  return Math.min(...good);
}

/** The number of threads that evaluates the most crops a second; the smallest of those as good. */
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
