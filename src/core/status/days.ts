import type { VerdictCount } from './funnel.ts';

export interface WorkOfDay {
  /** A day of UTC, as `2026-11-30`. */
  readonly day: string;
  readonly found: number;
  readonly decided: number;
}

export interface DayCount extends WorkOfDay {
  /** Photos of the set that became accepted on this day. */
  readonly accepted: number;
}

const MOST_DAYS = 366;

/** The last days on which something happened, oldest first. */
export function daysOf(
  work: readonly WorkOfDay[],
  verdicts: readonly Pick<VerdictCount, 'day' | 'count'>[],
): DayCount[] {
  const days = new Map<string, DayCount>(work.map((one) => [one.day, { ...one, accepted: 0 }]));
  for (const { day, count } of verdicts) {
    if (day === null) continue;
    const one = days.get(day) ?? { day, found: 0, decided: 0, accepted: 0 };
    days.set(day, { ...one, accepted: one.accepted + count });
  }
  return [...days.values()].toSorted((a, b) => (a.day < b.day ? -1 : 1)).slice(-MOST_DAYS);
}
