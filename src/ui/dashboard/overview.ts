import type { Overview as OverviewAsRead } from '../../app/watch/overview.ts';

/** What a value is after it went through JSON. */
type Json<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

/** What `/api/live` and `/api/overview` send. */
export type Overview = Json<OverviewAsRead>;
export type Row = Overview['totals'];
export type ClassRow = Overview['classes'][number];

export type Pause = Overview['pauses'][number];
export type PausableStage = Pause['stage'];

/** The stages that can be paused, in the order of the work. */
export const STAGES: readonly { readonly stage: PausableStage; readonly does: string }[] = [
  { stage: 'discover', does: 'asks sources for photos' },
  { stage: 'fetch', does: 'downloads them' },
  { stage: 'filter', does: 'runs the models' },
];

/** Of what the server sends, which is of this version. */
export const overviewIn: (json: string) => Overview = JSON.parse;

/** What a request to change something came to; the counts are those of a retry. */
export interface Answer {
  readonly error?: string;
  readonly pictures?: number;
  readonly decisions?: number;
}

/** What the server answers to an order; an error, if it refuses. */
export const answerIn: (json: string) => Answer = JSON.parse;

/** The paper's own example (section 3.1), as a measure of what to expect. */
export const PAPER_DRAGONFLY = {
  name: 'dragonfly, in the paper',
  fetched: 81_413,
  kept: 8_925,
  shortlisted: 1_452,
  selected: 80,
};

/** The four numbers that a funnel narrows through. */
export interface Shape {
  readonly name: string;
  readonly fetched: number;
  readonly kept: number;
  readonly shortlisted: number;
  readonly selected: number;
}

export function shapeOf({
  name,
  fetched,
  duplicates,
  decided,
  shortlisted,
  selected,
}: Row & { readonly name: string }): Shape {
  return { name, fetched: fetched - duplicates, kept: decided.kept, shortlisted, selected };
}

/** Numbers of a row that have come to nothing, by reason, most frequent first: pictures, and photos of which no decision can be made. */
export function problemsOf({
  dropped,
  failed,
  decided,
  poisoned,
}: Row): { reason: string; state: 'dropped' | 'failed'; count: number }[] {
  const failures = { ...failed, undecodable: decided.failed - poisoned, poison: poisoned };
  const rows = (['dropped', 'failed'] as const).flatMap((state) =>
    Object.entries(state === 'dropped' ? dropped : failures).map(([reason, count]) => ({ reason, state, count })),
  );
  return rows.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count);
}

/** Rates are of this many milliseconds: shorter ones jump about. */
const RATE_OVER_MS = 10_000;

/**
 * What rates are told from, oldest first: the last ten seconds, or the last two moments, where a large catalogue takes longer
 * than that to be read.
 */
export function recentOf(history: readonly Overview[], now: Overview): Overview[] {
  const all = [...history, now];
  const recent = all.filter(({ at }) => Date.parse(now.at) - Date.parse(at) <= RATE_OVER_MS);
  return recent.length > 1 ? recent : all.slice(-2);
}

/** Photos a second between two moments; null if they are too close together, or the counts went down. */
export function rateBetween(before: Overview | null, after: Overview, countOf: (row: Row) => number): number | null {
  if (before === null) return null;
  const seconds = (Date.parse(after.at) - Date.parse(before.at)) / 1_000;
  const more = countOf(after.totals) - countOf(before.totals);
  return seconds < 0.5 || more < 0 ? null : more / seconds;
}

export function decidedCount({ decided }: Row): number {
  return Object.entries(decided).reduce((sum, [state, count]) => (state === 'undecided' ? sum : sum + count), 0);
}

/** How long the rest takes at this rate, as people say it; null if it cannot be told. */
export function timeLeftText(left: number, rate: number | null): string | null {
  if (left === 0 || rate === null || rate <= 0) return null;
  const minutes = left / rate / 60;
  if (minutes < 1) return 'under a minute';
  if (minutes < 90) return `${Math.round(minutes)} min`;
  return minutes < 48 * 60 ? `${(minutes / 60).toFixed(1)} h` : `${Math.round(minutes / 1_440)} days`;
}

export function countText(count: number): string {
  return count.toLocaleString('en-US');
}

/** `4.9 GB`, as budgets are given: a kilobyte has a thousand. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1_000;
  // What rounds to 1000.0 is one of the next.
  for (; value >= 999.95 && units.length > 1; units.shift()) value /= 1_000;
  return `${value.toFixed(1)} ${units[0]}`;
}

/** What is left of a budget. */
export function leftText(
  budget: { readonly left: number; readonly limit: number } | null,
  textOf: (amount: number) => string = countText,
): string {
  return budget === null ? 'no limit' : `${textOf(budget.left)} of ${textOf(budget.limit)}`;
}

/** `11.0 %`; a dash of nothing. */
export function shareText(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}

/** `discover, fetch and filter` */
export function listText(words: readonly string[]): string {
  return words.length <= 1 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** `paused since 12:30 by ann@lab3, for every collection: draining, 3 jobs in hand` */
export function pauseText({ by, since, collection, endsWorkers, inHand, isDrained }: Pause): string {
  const start = new Date(since);
  const isToday = start.toDateString() === new Date().toDateString();
  const time = start.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  const when = isToday ? time : `${start.toLocaleDateString()} ${time}`;
  const forAll = collection === null ? ', for every collection' : '';
  const hands = inHand === 0 ? '' : `, ${countText(inHand)} ${inHand === 1 ? 'job' : 'jobs'} in hand`;
  const ends = endsWorkers ? '; workers end' : '';
  return `paused since ${when} by ${by}${forAll}: ${isDrained ? 'drained' : `draining${hands}`}${ends}`;
}
