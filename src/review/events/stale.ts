import { UsageError } from '../../kernel/errors.ts';
import type { Judgement, ReviewEvent, ReviewVerdict, Subject } from './event.ts';
import { judgingsOf, standingJudgings } from './verdict.ts';

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

/** Verdicts that met those of others which their author had not seen. An unsure one neither agrees nor differs. */
export interface Met {
  readonly agreeing: number;
  readonly differing: number;
  /** Those others. */
  readonly reviewers: readonly string[];
}

/** Returns null if nobody else has done anything about the photo's verdict. `events`: all of the photo's, by id. */
export function newestOfOthers(events: readonly ReviewEvent[], reviewer: string): NewerEvent | null {
  const judgings = judgingsOf(events);
  const last = events.findLast((event) => event.reviewer !== reviewer && judgings.has(event.id));
  const about = judgings.get(last?.id ?? 0);
  if (last === undefined || about === undefined) return null;
  const { verdict, reason } = about.value;
  return {
    event: last.id,
    reviewer: last.reviewer,
    at: last.at,
    kind: last.kind,
    judgement: { verdict, reason },
  };
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

/** How a person's first verdict compares with what stood of others then; null if nothing did. */
export function metBy(reviewer: string, verdict: ReviewVerdict, before: readonly ReviewEvent[]): Met | null {
  const others = standingJudgings(before).filter((one) => one.reviewer !== reviewer);
  const last = new Map(others.map((one) => [one.reviewer, one.value.verdict]));
  const sure = [...last.values()].filter((one) => one !== 'unsure');
  const isSure = verdict !== 'unsure' && sure.length > 0;
  const isDiffering = isSure && sure.some((one) => one !== verdict);
  if (last.size === 0) return null;
  return { agreeing: Number(isSure && !isDiffering), differing: Number(isDiffering), reviewers: [...last.keys()] };
}

export function metTogether(met: readonly Met[]): Met {
  return {
    agreeing: met.reduce((sum, { agreeing }) => sum + agreeing, 0),
    differing: met.reduce((sum, { differing }) => sum + differing, 0),
    reviewers: [...new Set(met.flatMap(({ reviewers }) => reviewers))].toSorted(),
  };
}
