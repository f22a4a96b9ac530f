import { UsageError } from '../../kernel/errors.ts';
import type { Judgement, ReviewEvent, Subject } from './event.ts';
import { judgingsOf } from './verdict.ts';

/** The last event about a photo's verdict by another person than the one who is told. */
export interface NewerEvent {
  /** Its id. */
  readonly event: number;
  readonly reviewer: string;
  readonly at: string;
  readonly kind: ReviewEvent['kind'];
  /** The judgement that the event gave, took back or brought back. */
  readonly judgement: Judgement;
}

/** A photo on which an action was refused. `newer`: null if the photo waits for this person's own, blind verdict. */
export interface StaleSubject extends Subject {
  readonly newer: NewerEvent | null;
}

export const STALE = 'stale';

/** An action on one photo was refused, because its author had not seen another person's newer event of the photo. */
export class StaleAction extends UsageError {
  readonly stale: readonly StaleSubject[];

  constructor(stale: StaleSubject) {
    const { sha256, wnid, newer } = stale;
    const why =
      newer === null
        ? 'the photo waits for your own verdict now'
        : `event ${newer.event} of '${newer.reviewer}' is newer than what you had seen`;
    super(`Not stored for photo ${sha256} of ${wnid}: ${why}. Look at the photo again, then decide`, { code: STALE });
    this.stale = [stale];
  }
}

/** Returns null if nobody else has done anything about the photo's verdict. `events`: all of the photo's, by id. */
export function newestOfOthers(events: readonly ReviewEvent[], reviewer: string): NewerEvent | null {
  const judgings = judgingsOf(events);
  const last = events.findLast((event) => event.reviewer !== reviewer && judgings.has(event.id));
  const about = judgings.get(last?.id ?? 0);
  if (last === undefined || about === undefined) return null;
  const { verdict, reason } = about.value;
  return { event: last.id, reviewer: last.reviewer, at: last.at, kind: last.kind, judgement: { verdict, reason } };
}

/** True for an adjudication, for a verdict of a person who has judged the photo before, and for the undo or redo of either. */
export function changesVerdict(
  { kind, reviewer, undoes }: Pick<ReviewEvent, 'kind' | 'reviewer' | 'undoes'>,
  before: readonly ReviewEvent[],
): boolean {
  if (kind === 'adjudicate') return true;
  const judgings = judgingsOf(before);
  return undoes === null
    ? kind === 'verdict' && [...judgings.values()].some((one) => one.reviewer === reviewer)
    : judgings.has(undoes);
}
