import type { NewReviewEvent, ReviewAction, ReviewEvent, SeenSubject, Subject } from './event.ts';
import { changesVerdict, metBy, newestOfOthers, type Met, type StaleSubject } from './stale.ts';
import { blindPartOf, isJudging, undoneIn } from './verdict.ts';

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

/** An event to store, or a refused one. */
export type Fitted =
  | { readonly event: UnnumberedEvent; readonly met: Met | null; readonly stale: null }
  | { readonly stale: StaleSubject };

/**
 * Returns what becomes of an event after the events before it; null if the photo stays as it is, because the event would take back
 * one that is taken back already, or because others decide this photo. A first verdict that its author formed without seeing those
 * of others is always stored. A verdict, and a redo of one, states whether it is blind.
 */
export function fit(event: UnnumberedEvent, place: Place): Fitted | null {
  const { before, isOwn, seen } = place;
  if (event.undoes !== null && undoneIn(before).has(event.undoes)) return null;
  const stale = staleIn(event, place);
  if (stale !== null) return { stale };
  const isFirst = event.kind === 'verdict' && !changesVerdict(event, before);
  const met =
    isFirst && typeof seen === 'number' && isUnseen(event, place)
      ? metBy(event.reviewer, event.value.verdict, before)
      : null;
  if (!isOwn && met === null) return null;
  return { event: withSeen(withBlindness(event, place), place), met, stale: null };
}

/** A person who may not know others' verdicts yet is refused nothing but an adjudication, and is told nothing. */
function staleIn(event: UnnumberedEvent, { before, waits, seen }: Place): StaleSubject | null {
  if (seen === undefined || !changesVerdict(event, before)) return null;
  const { sha256, wnid, kind, reviewer } = event;
  if (waits) return kind === 'adjudicate' ? { sha256, wnid, newer: null } : null;
  const newer = newestOfOthers(before, reviewer);
  return newer !== null && newer.event > (seen ?? 0) ? { sha256, wnid, newer } : null;
}

/** True if the author had seen no verdict of others. Earlier pages do not say: then only a photo that `waits` hides them. */
function isUnseen({ reviewer }: UnnumberedEvent, { before, waits, seen }: Place): boolean {
  const others = before.filter((one) => isJudging(one) && one.reviewer !== reviewer);
  return typeof seen === 'number' ? others.every(({ id }) => id > seen) : waits || others.length === 0;
}

/** A verdict is blind if its author has never seen others' verdicts. So is a redo of one. */
function withBlindness(event: UnnumberedEvent, place: Place): UnnumberedEvent {
  const { before } = place;
  const isBlind = isUnseen(event, place) && !blindPartOf(before, event.reviewer).hasSeen;
  if (event.kind === 'verdict') return { ...event, value: { ...event.value, isBlind } };
  const isLate = event.kind === 'redo' && !isBlind && redone(event.undoes, before)?.kind === 'verdict';
  return isLate ? { ...event, value: { isBlind: false } } : event;
}

/** Names the last event of others that the author had seen, if there is one. */
function withSeen(event: UnnumberedEvent, { before, seen: upTo }: Place): UnnumberedEvent {
  const shown = before.filter(({ id }) => id <= (upTo ?? 0));
  const seen = newestOfOthers(shown, event.reviewer)?.event;
  if (seen === undefined) return event;
  if (event.kind === 'verdict') return { ...event, value: { ...event.value, seen } };
  if (event.kind === 'adjudicate') return { ...event, value: { ...event.value, seen } };
  if (event.kind === 'undo') return { ...event, value: { seen } };
  return event.kind === 'redo' ? { ...event, value: { ...event.value, seen } } : event;
}

/** The event that an undo took back, of which a redo names the undo. */
export function redone(undo: number, before: readonly ReviewEvent[]): ReviewEvent | undefined {
  const target = before.find(({ id }) => id === undo)?.undoes;
  return before.find(({ id }) => id === target);
}
