import { groupBy } from '../kernel/group-by.ts';
import { listText } from '../kernel/texts.ts';

/** The stages that can be paused, in the order of the pipeline. */
export const PAUSABLE_STAGES = ['discover', 'fetch', 'filter'] as const;
export type PausableStage = (typeof PAUSABLE_STAGES)[number];

export interface StagePlace {
  readonly stage: PausableStage;
  readonly collectionId: number;
}

export interface PauseNote {
  readonly stage: PausableStage;
  /** The collection that is paused. Null for every collection. */
  readonly collection: string | null;
  /** Who paused it: `ann@lab3`, or `operator` for a pause on a page of the server. */
  readonly by: string;
  readonly since: Date;
}

/** An operator's order that no process takes new work of a stage. Running jobs finish. */
export interface Pause extends PauseNote {
  readonly endsWorkers: boolean;
  /** Jobs that still run, in all processes. */
  readonly inHand: number;
  /** True if no job runs, and every process has had time to read the pause. */
  readonly isDrained: boolean;
}

/** `fetch and filter are paused since 12:30 by ann@lab3 (winnow unpause fetch filter ends that)`. Empty if nothing is paused. */
export function pausesText(pauses: readonly PauseNote[], now: Date = new Date()): string {
  const alike = groupBy(pauses, ({ collection, by, since }) => `${collection ?? ''} ${by} ${since.getTime()}`);
  return [...alike.values()].map((group) => groupText(group, now)).join('; ');
}

function groupText(group: readonly PauseNote[], now: Date): string {
  const [{ collection, by, since } = { collection: null, by: '', since: now }] = group;
  const stages = group.map(({ stage }) => stage);
  const of = collection === null ? '' : ` of ${collection}`;
  const flag = collection === null ? '' : ` --collection ${collection}`;
  const named = stages.length === PAUSABLE_STAGES.length ? 'all' : stages.join(' ');
  const verb = stages.length === 1 ? 'is' : 'are';
  return `${listText(stages)}${of} ${verb} paused since ${timeText(since, now)} by ${by} (winnow unpause ${named}${flag} ends that)`;
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}

/** `12:30` in this machine's time zone. If the day is not today, it stands before the time. */
function timeText(time: Date, now: Date): string {
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  return time.toDateString() === now.toDateString() ? clock : `${day} ${clock}`;
}
