import type { Subject } from '../../review/events/event.ts';

/** The photos of one tab in display order, and the one shown now. */
export interface Queue {
  readonly subjects: readonly Subject[];
  /** The position of the shown photo; the length of `subjects` if there is none. */
  readonly at: number;
}

export const EMPTY_QUEUE: Queue = { subjects: [], at: 0 };

const isSame = (a: Subject, b: Subject): boolean => a.sha256 === b.sha256 && a.wnid === b.wnid;

export function shownIn({ subjects, at }: Queue): Subject | null {
  return subjects[at] ?? null;
}

export function hasSubject({ subjects }: Queue, subject: Subject): boolean {
  return subjects.some((one) => isSame(one, subject));
}

/** Appends photos, without those already in the queue. */
export function withMore(queue: Queue, more: readonly Subject[]): Queue {
  const fresh = more.filter((one) => !hasSubject(queue, one)).map(({ sha256, wnid }) => ({ sha256, wnid }));
  return { ...queue, subjects: [...queue.subjects, ...fresh] };
}

/** Removes photos. If the shown one is among them, shows the next one. */
export function without({ subjects, at }: Queue, gone: readonly Subject[]): Queue {
  const isGone = (one: Subject): boolean => gone.some((other) => isSame(one, other));
  return { subjects: subjects.filter((one) => !isGone(one)), at: at - subjects.slice(0, at).filter(isGone).length };
}

/** Shows a photo. If it is not in the queue, inserts it before the shown one. */
export function goTo(queue: Queue, { sha256, wnid }: Subject): Queue {
  const at = queue.subjects.findIndex((one) => isSame(one, { sha256, wnid }));
  return at === -1 ? { ...queue, subjects: queue.subjects.toSpliced(queue.at, 0, { sha256, wnid }) } : { ...queue, at };
}

/** Moves by `by` photos, clamped to the first and last. */
export function move({ subjects, at }: Queue, by: number): Queue {
  return { subjects, at: Math.max(0, Math.min(subjects.length - 1, at + by)) };
}

/** Shows the next open photo after the shown one, otherwise the first open one, otherwise none. */
export function toNextOpen({ subjects, at }: Queue, isOpen: (subject: Subject) => boolean): Queue {
  const later = subjects.findIndex((one, i) => i > at && isOpen(one));
  const next = later === -1 ? subjects.findIndex(isOpen) : later;
  return { subjects, at: next === -1 ? subjects.length : next };
}
