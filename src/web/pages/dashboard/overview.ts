import type { PausableStage } from '../../../core/collection/pause.ts';
import type { CollectionQueues } from '../../status/queues.ts';
import type { LiveOverview } from '../../status/rates.ts';
import { COMMAND_OF, worksOn } from '../../../core/kernel/processes.ts';
import { withParts } from '../../../core/page/live-parts.ts';
import { bytesText, countOf, countText, timeLeftText } from '../../../core/kernel/texts.ts';
import { momentText } from '../review/words.ts';

/** The type of a value after JSON. */
export type Json<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

/** The payload of a collection's `api/live` and `api/overview`. */
export type Overview = Json<LiveOverview>;
export type Row = Overview['totals'];
export type ClassOverview = Overview['classes'][number];

export type PauseOverview = Overview['pauses'][number];

export const STAGES: readonly { readonly stage: PausableStage; readonly does: string }[] = [
  { stage: 'discover', does: 'photos found' },
  { stage: 'fetch', does: 'photos fetched' },
  { stage: 'filter', does: 'photos decided' },
];

/** The overview as a page gets it. */
export function asSent(now: LiveOverview): Overview {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON turns dates into texts
  return JSON.parse(JSON.stringify(now)) as Overview;
}

/** Unchecked: the server always has the same version as this page. */
const partsIn: (json: string) => Record<string, unknown> = JSON.parse;

/** Merges the parts in a message into what a page knows. The first message of a stream has all parts. */
export function withMessage<T extends object>(last: T | null, json: string): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the first message has all parts
  return withParts(last, partsIn(json)) as T;
}

export const timeIn: (json: string) => string = JSON.parse;

/** Counts of photos that could not be fetched or decided, the most frequent reason first. */
export function failuresOf({ failed, decided, poisoned }: Row): { reason: string; count: number }[] {
  const failures = { ...failed, undecodable: decided.failed - poisoned, poison: poisoned };
  return Object.entries(failures)
    .map(([reason, count]) => ({ reason, count }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count);
}

/** `12 of 60` */
export function budgetText(
  budget: { readonly left: number; readonly limit: number } | null,
  textOf: (amount: number) => string = countText,
): string {
  return budget === null ? 'no limit' : `${textOf(budget.left)} of ${textOf(budget.limit)}`;
}

/** `paused since 12:30 by ann@lab3, for every collection: draining, 3 jobs in progress` */
export function pauseText({ by, since, collection, endsWorkers, inHand, isDrained }: PauseOverview): string {
  const forAll = collection === null ? ', for every collection' : '';
  const jobs = inHand === 0 ? '' : `, ${countOf(inHand, 'job')} in progress`;
  const ends = endsWorkers ? '; workers end' : '';
  return `paused since ${whenText(since)} by ${by}${forAll}: ${isDrained ? 'drained' : `draining${jobs}`}${ends}`;
}

export interface StageActivity {
  readonly state: 'working' | 'waiting' | 'idle' | 'paused';
  /** Number of waiting queries, pictures or photos. */
  readonly queue: number;
  readonly text: string;
  readonly timeLeft: string | null;
}

/** The parts of an overview that tell what a stage does. The page of queues has them of every collection. */
export type Queues = Json<CollectionQueues>;

export function activityOf(stage: PausableStage, now: Queues): StageActivity {
  const { perSecond } = now.rates[stage];
  const queue = queueOf(stage, now);
  const rest = { queue, timeLeft: timeLeftText(queue, perSecond) };
  if (now.pauses.some((pause) => pause.stage === stage)) return { ...rest, state: 'paused', text: 'Paused' };
  if ((perSecond ?? 0) > 0) return { ...rest, state: 'working', text: 'Working' };
  if (queue === 0) return { ...rest, state: 'idle', text: 'Idle' };
  return { ...rest, state: 'waiting', text: waitText(stage, now) };
}

function queueOf(stage: PausableStage, { totals, unfinishedQueries }: Queues): number {
  if (stage === 'discover') return unfinishedQueries;
  return stage === 'fetch' ? totals.waiting : totals.decided.undecided - totals.undecidedPruned;
}

function waitText(stage: PausableStage, now: Queues): string {
  if (!isWorked(stage, now)) return 'Waiting for a process';
  const held = stage === 'filter' ? undefined : now.budgets.find(({ waits }) => waits !== null);
  return held === undefined ? 'Waiting' : `Waiting for ${held.key}`;
}

export function processesOf(stage: PausableStage, { workers }: Pick<Queues, 'workers'>): number {
  return workers.filter(({ name }) => worksOn(stage, name)).length;
}

function isWorked(stage: PausableStage, now: Queues): boolean {
  return processesOf(stage, now) > 0;
}

const SILENT_MINUTES = 10;

/** True if a stage had work and a process, but finished nothing, and no site makes it wait. */
function isSilent(stage: PausableStage, { rates, budgets }: Overview): boolean {
  const last = rates[stage].lastHour.slice(-SILENT_MINUTES);
  const isHeld = stage !== 'filter' && budgets.some(({ waits }) => waits !== null);
  return last.length === SILENT_MINUTES && last.every((rate) => rate === 0) && !isHeld;
}

export interface Attention {
  readonly what: string;
  readonly remedy: string;
}

export function attentionOf(now: Overview): Attention[] {
  const { collection, totals, pauses, lowDiskBytes } = now;
  const of = `--collection ${collection}`;
  const items = pauses.map((pause) => ({ what: `${pause.stage} is ${pauseText(pause)}`, remedy: 'Resume it below.' }));
  const say = (what: string, remedy: string): unknown => items.push({ what, remedy });
  for (const { stage } of STAGES) {
    const { state, queue } = activityOf(stage, now);
    if (state === 'paused' || queue === 0) continue;
    if (!isWorked(stage, now))
      say(`${countText(queue)} wait for ${stage}, and no process works on it`, `winnow ${COMMAND_OF[stage]} ${of}`);
    else if (isSilent(stage, now))
      say(
        `${countText(queue)} wait for ${stage}, and its process did nothing for ${SILENT_MINUTES} minutes`,
        'Look at its log.',
      );
  }
  items.push(...sitesThatWait(now, of));
  if (lowDiskBytes !== null)
    say(`The disk of the data folder has ${bytesText(lowDiskBytes)} left`, 'Make room before a crawl.');
  const pruned = totals.undecidedPruned;
  if (pruned > 0)
    say(`${countOf(pruned, 'photo')} cannot be decided: the bytes were deleted`, 'winnow retry --reason pruned');
  const isDone = totals.waiting + totals.decided.undecided === 0;
  if (isDone && totals.unlisted > 0)
    say(`${countOf(totals.unlisted, 'kept photo')} not in the shortlist yet`, `winnow shortlist ${of}`);
  return items;
}

function sitesThatWait({ sources, budgets }: Overview, of: string): Attention[] {
  const stops = sources.flatMap(({ source, stopped }) => {
    if (stopped === null) return [];
    const from = stopped.until === null ? '' : ` # not before ${whenText(stopped.until)}`;
    return [
      { what: `${source} was given up: ${stopped.error}`, remedy: `winnow crawl ${of} --source ${source}${from}` },
    ];
  });
  const waiting = budgets.flatMap(({ key, waits }) =>
    waits === null ? [] : [{ what: `${key}: ${waits.why}`, remedy: `Asked again at ${whenText(waits.until)}.` }],
  );
  return [...stops, ...waiting];
}

/** `14:05:09`, in the time zone of the browser. */
export function secondText(iso: string): string {
  return new Date(iso).toTimeString().slice(0, 8);
}

/** `14:05` if it is today, or `26 Nov 2026, 14:05`, in the time zone of the browser. */
export function whenText(iso: string): string {
  const isToday = new Date(iso).toDateString() === new Date().toDateString();
  return isToday ? secondText(iso).slice(0, 5) : momentText(iso);
}
