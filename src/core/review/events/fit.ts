import type { Met } from '../../kernel/met.ts';
import type { NewReviewEvent, ReviewAction, ReviewEvent, ReviewVerdict, SeenSubject, Subject } from './event.ts';
import { changesVerdict, newestOfOthers, type StaleSubject } from './stale.ts';
import { blindPartOf, isJudging, currentJudgings, stateOf, undoneIn } from './verdict.ts';

export type UnnumberedEvent = Subject & ReviewAction & Pick<NewReviewEvent, 'at' | 'reviewer'>;

/** The state of an event's photo when the event arrives. */
interface Place {
  /** All events of the photo, by id. */
  readonly before: readonly ReviewEvent[];
  /** True if the photo waits for a verdict of this reviewer. */
  readonly waits: boolean;
  /** False for a photo of a bulk decision that others have decided, or that is disputed or settled. */
  readonly isOwn: boolean;
  /** Undefined if the action does not say, as those of earlier pages: then nothing is refused. */
  readonly seen: SeenSubject['seen'];
}

/** An event to store, with the verdicts of others that it met, or a refused one. */
export type FittedEvent =
  | { readonly event: UnnumberedEvent; readonly met: Met | null; readonly stale?: undefined }
  | { readonly event?: undefined; readonly met?: undefined; readonly stale: StaleSubject };

/**
 * Returns what becomes of an event after the events before it; null if the photo stays as it is, because the event would take back
 * one that is taken back already, or because others decide this photo. A first verdict that its author formed without seeing those
 * of others is always stored.
 */
export function fit(event: UnnumberedEvent, place: Place): FittedEvent | null {
  const { before, isOwn, seen } = place;
  if (event.undoes !== null && undoneIn(before).has(event.undoes)) return null;
  const changes = changesVerdict(event, before);
  const stale = changes ? staleIn(event, place) : null;
  if (stale !== null) return { stale };
  const isFirst = event.kind === 'verdict' && !changes && typeof seen === 'number' && isUnseen(event, place);
  const met = isFirst ? metBy(event.reviewer, event.value.verdict, before) : null;
  return isOwn || met !== null ? { event: asStored(event, place), met } : null;
}

/** A person who may not know others' verdicts yet is refused nothing but an adjudication, and is told nothing. */
function staleIn({ sha256, wnid, kind, reviewer }: UnnumberedEvent, place: Place): StaleSubject | null {
  const { before, waits, seen } = place;
  if (seen === undefined) return null;
  if (waits) return kind === 'adjudicate' ? { sha256, wnid, newer: null } : null;
  const newer = newestOfOthers(before, reviewer);
  return newer !== null && newer.event > (seen ?? 0) ? { sha256, wnid, newer } : null;
}

/** True if the author had seen no verdict of others. Earlier pages do not say: then only a photo that `waits` hides them. */
function isUnseen({ reviewer }: UnnumberedEvent, { before, waits, seen }: Place): boolean {
  const others = before.filter((one) => isJudging(one) && one.reviewer !== reviewer);
  return typeof seen === 'number' ? others.every(({ id }) => id > seen) : waits || others.length === 0;
}

/** How a person's first verdict compares with what stood of others then; null if nothing did. */
function metBy(reviewer: string, verdict: ReviewVerdict, before: readonly ReviewEvent[]): Met | null {
  const others = currentJudgings(before).filter((one) => one.reviewer !== reviewer);
  const last = new Map(others.map((one) => [one.reviewer, one.value.verdict]));
  if (last.size === 0) return null;
  const isDisputed = stateOf([verdict, ...last.values()]) === 'disputed';
  const isDiffering = verdict !== 'unsure' && isDisputed;
  const isAgreeing = verdict !== 'unsure' && !isDisputed && [...last.values()].includes(verdict);
  return { agreeing: Number(isAgreeing), differing: Number(isDiffering), reviewers: [...last.keys()] };
}

/**
 * Adds the last event of others that the author had seen, and whether a verdict, or a redo of one, is blind: its author has never
 * seen others' verdicts.
 */
function asStored(event: UnnumberedEvent, place: Place): UnnumberedEvent {
  const { before, seen: upTo } = place;
  const shown = before.filter(({ id }) => id <= (upTo ?? 0));
  const newest = newestOfOthers(shown, event.reviewer);
  const seen = newest === null ? null : { seen: newest.event };
  const isBlind = isUnseen(event, place) && !blindPartOf(before, event.reviewer).hasSeen;
  if (event.kind === 'verdict') return { ...event, value: { ...event.value, isBlind, ...seen } };
  if (event.kind === 'adjudicate') return { ...event, value: { ...event.value, ...seen } };
  if (event.kind === 'undo') return { ...event, value: seen };
  if (event.kind !== 'redo') return event;
  const isLate = !isBlind && redone(event.undoes, before)?.kind === 'verdict';
  return { ...event, value: isLate ? { isBlind: false, ...seen } : seen };
}

/** The event that an undo took back, of which a redo names the undo. */
export function redone(undo: number, before: readonly ReviewEvent[]): ReviewEvent | undefined {
  const target = before.find(({ id }) => id === undo)?.undoes;
  return before.find(({ id }) => id === target);
}
