import type { Transaction } from 'kysely';
import { groupBy } from '../../kernel/group-by.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { ReviewActionSent } from '../desk/desk.ts';
import { ownAmongListed, waitingAmong } from '../desk/desk.repository.ts';
import type { DeskView } from '../desk/known-photos.repository.ts';
import { subjectKey, subjectsOf, type SeenSubject } from './event.ts';
import { fit, type FittedEvent, type UnnumberedEvent } from './fit.ts';
import { eventsOf, lockSubjects } from './review.repository.ts';

export interface TabAction {
  readonly client: string;
  readonly action: ReviewActionSent;
  readonly leaseMs: number;
}

interface Arriving {
  readonly events: readonly UnnumberedEvent[];
  /** True if some photos may be for others to decide. */
  readonly areOthers: boolean;
  readonly seenOf: (event: UnnumberedEvent) => SeenSubject['seen'];
  /** The ids of those that are stored already, by photo. */
  readonly ids?: ReadonlyMap<string, number>;
}

/** Locks the photos and says what becomes of the events. */
export async function decideEvents(
  trx: Transaction<Database>,
  view: DeskView,
  { events, areOthers, seenOf, ids = new Map() }: Arriving,
): Promise<FittedEvent[]> {
  const subjects = subjectsOf(events);
  const { collectionId } = view.scope;
  await lockSubjects(trx, collectionId, subjects);
  const before = groupBy(await eventsOf(trx, collectionId, subjects), subjectKey);
  const own = new Set((areOthers ? await ownAmongListed(trx, view, subjects) : subjects).map(subjectKey));
  const judges = JUDGING_KINDS.has(events[0]?.kind ?? '');
  const waiting = judges ? await waitingAmong(trx, view, subjects) : new Set<string>();
  return events.flatMap((event) => {
    const key = subjectKey(event);
    const id = ids.get(key) ?? Infinity;
    const earlier = (before.get(key) ?? []).filter((one) => one.id < id);
    const isOwn = own.has(key) || ids.has(key);
    return fit(event, { before: earlier, waits: waiting.has(key), isOwn, seen: seenOf(event) }) ?? [];
  });
}

const JUDGING_KINDS: ReadonlySet<string> = new Set(['verdict', 'redo', 'adjudicate']);

/** The last event of others that the author had seen, of each photo of an action. */
export function seenBy({ client, action }: TabAction): (event: UnnumberedEvent) => SeenSubject['seen'] {
  const isReversal = 'of' in action;
  const given = isReversal ? (action.seen ?? []) : action.subjects;
  const seen = new Map(given.map((one: SeenSubject) => [subjectKey(one), one.seen]));
  if (!isReversal) return (event) => seen.get(subjectKey(event));
  if (action.seen === undefined) return () => undefined;
  // A page that was loaded again finds the action: the answer to it has told what others had done by then.
  const isOfThisPage = action.of.client === client;
  return (event) => Math.max(seen.get(subjectKey(event)) ?? 0, isOfThisPage ? 0 : (event.undoes ?? 0));
}
