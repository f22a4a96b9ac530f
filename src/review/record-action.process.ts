import { isDeepStrictEqual } from 'node:util';
import type { Kysely, Transaction } from 'kysely';
import { UsageError } from '../kernel/errors.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { Database } from '../platform/postgres/database.ts';
import {
  bulkClient,
  eventsOfAction,
  reviewableAmong,
  takenByOthers,
  type ActionEvent,
  type Actor,
} from './action.repository.ts';
import { deriveVerdicts } from './derive-verdicts.process.ts';
import { ownAmongListed, waitingAmong, type DeskView } from './desk.repository.ts';
import type { ActionRef, ReviewActionSent } from './desk.ts';
import {
  subjectKey,
  subjectsOf,
  type NewReviewEvent,
  type ReviewAction,
  type ReviewEvent,
  type Subject,
} from './event.ts';
import { addLeases, endLeases, lockLeases } from './lease.repository.ts';
import { eventsOf, insertEvents, lockSubjects } from './review.repository.ts';
import { blindPartOf, isJudging, undoneIn } from './verdict.ts';

/** What became of an action. */
export interface Recorded {
  readonly sequence: number;
  readonly stored: number;
  /** Photos that were not for this reviewer to decide: another has, holds or settled them, or the collection does not list them. */
  readonly skipped: number;
  /** Photos whose verdicts may have changed. */
  readonly subjects: readonly Subject[];
}

/** The code of an error: an undo or redo of something else. */
export const CANNOT_UNDO = 'cannot-undo';

/** What a tab sends. */
export interface TabAction {
  readonly client: string;
  readonly action: ReviewActionSent;
  /** How long a photo is kept for the tab, in milliseconds. */
  readonly leaseMs: number;
}

/**
 * Stores what a reviewer did: an event for each photo, all or none of them. An action that was stored before is not stored
 * again. A photo whose decision is taken back is shown again, so it is kept for the tab.
 *
 * @throws UsageError `cannot-undo`: an undo of an undo, or a redo of anything else; `sequence-taken`: something else has its number
 */
export async function recordAction(
  db: Kysely<Database>,
  view: DeskView,
  { client, action, leaseMs }: TabAction,
): Promise<Recorded> {
  const { sequence } = action;
  const actor = { collectionId: view.scope.collectionId, reviewer: view.reviewer };
  return db.transaction().execute(async (trx) => {
    const wanted = await eventsFor(trx, actor, { client, action });
    const subjects = subjectsOf(wanted);
    const asked = 'of' in action ? wanted.length : subjectsOf(action.subjects).length;
    await lockSubjects(trx, actor.collectionId, subjects);
    // An action that arrives twice at once waits for the lock, and is then found stored.
    const stored = await eventsOfAction(trx, actor, { client, sequence });
    if (!isPartOf(wanted, stored)) throw sequenceTaken({ client, sequence });
    if (stored.length > 0) return { sequence, stored: stored.length, skipped: asked - stored.length, subjects };
    const before = groupBy(await eventsOf(trx, actor.collectionId, subjects), subjectKey);
    const isBulk = decidesInGrid(action, wanted, before);
    const mine = isBulk ? await ownAmong(trx, view, subjects) : new Set(subjects.map(subjectKey));
    const judges = action.kind === 'verdict' || action.kind === 'redo';
    const waiting = judges ? await waitingAmong(trx, view, subjects) : new Set<string>();
    const events = wanted
      .filter((event) => mine.has(subjectKey(event)))
      .flatMap((event) => fitting(event, before.get(subjectKey(event)) ?? [], waiting.has(subjectKey(event))));
    const added = await insertEvents(trx, actor.collectionId, numbered(events, { client, sequence }));
    if (added < events.length) throw sequenceTaken({ client, sequence });
    await deriveVerdicts(trx, actor.collectionId, subjectsOf(events));
    const holder = { ...actor, client, leaseMs };
    if (action.kind === 'verdict') await endLeases(trx, holder, subjects);
    if (action.kind === 'undo' && subjects.length === 1) await addLeases(trx, holder, subjects);
    return { sequence, stored: events.length, skipped: asked - events.length, subjects };
  });
}

/**
 * The event as it is stored after what was done before: none if it would take back what is taken back already. A verdict, and a
 * redo of one, says whether it is blind: the reviewer has never seen what others say, and either nobody else has decided or the
 * photo waits for this reviewer.
 *
 * @param waits whether a verdict of this reviewer was wanted
 */
function fitting(event: UnnumberedEvent, before: readonly ReviewEvent[], waits: boolean): UnnumberedEvent[] {
  if (event.undoes !== null && undoneIn(before).has(event.undoes)) return [];
  const { reviewer } = event;
  const isHidden = waits || before.every((one) => !isJudging(one) || one.reviewer === reviewer);
  const isBlind = isHidden && !blindPartOf(before, reviewer).hasSeen;
  if (event.kind === 'verdict') return [{ ...event, value: { ...event.value, isBlind } }];
  const isLate = event.kind === 'redo' && !isBlind && redone(event.undoes, before)?.kind === 'verdict';
  return [isLate ? { ...event, value: { isBlind: false } } : event];
}

/** The event that a redo brings back. */
function redone(undo: number, before: readonly ReviewEvent[]): ReviewEvent | undefined {
  const target = before.find(({ id }) => id === undo)?.undoes;
  return before.find(({ id }) => id === target);
}

/** The code of an error: another action has this number of this client. */
export const SEQUENCE_TAKEN = 'sequence-taken';

/** Whether all stored events of a number are among those that the action with this number wants. Some may have been skipped. */
function isPartOf(wanted: readonly UnnumberedEvent[], stored: readonly ActionEvent[]): boolean {
  const events = new Map(wanted.map((event) => [subjectKey(event), event]));
  return stored.every(({ kind, undoes, value, ...subject }) => {
    const event = events.get(subjectKey(subject));
    // A stored value may say more, such as whether a verdict is blind.
    const isSameValue = isDeepStrictEqual({ ...value, ...event?.value }, { ...value });
    return event?.kind === kind && event.undoes === undoes && isSameValue;
  });
}

function sequenceTaken({ client, sequence }: ActionRef): UsageError {
  return new UsageError(
    `Expected a new number for an action of ${client} but ${sequence} is that of another action, or of another reviewer's; load the page again`,
    { code: SEQUENCE_TAKEN },
  );
}

type UnnumberedEvent = Subject & ReviewAction & Pick<NewReviewEvent, 'at' | 'reviewer'>;

/** The events of an action, if all of its photos are for this reviewer. */
async function eventsFor(
  trx: Transaction<Database>,
  actor: Actor,
  { client, action }: Pick<TabAction, 'client' | 'action'>,
): Promise<UnnumberedEvent[]> {
  const { at } = action;
  const { reviewer } = actor;
  if (!('of' in action)) {
    const { subjects, sequence: _, ...change } = action;
    const known = await reviewableAmong(trx, { collectionId: actor.collectionId, client }, subjectsOf(subjects));
    return known.map((subject) => ({ ...change, ...subject, reviewer, undoes: null }));
  }
  const { kind } = action;
  const targets = await eventsOfAction(trx, actor, action.of);
  const isRedo = kind === 'redo';
  if (targets.some((target) => (target.kind === 'undo') !== isRedo || target.kind === 'redo'))
    throw new UsageError(
      `Expected ${isRedo ? 'an undo' : 'an action that is no undo'} to ${kind} but action ${action.of.sequence} of ${action.of.client} is '${targets[0]?.kind}'`,
      { code: CANNOT_UNDO },
    );
  return targets.map(({ id, sha256, wnid }) => ({ sha256, wnid, at, reviewer, kind, value: null, undoes: id }));
}

/**
 * Whether the action gives verdicts on photos that a person saw in the grid, or gives such verdicts on several photos again. Others
 * may have taken or decided those photos in the meantime. A photo that a person looks at alone is theirs to judge.
 */
function decidesInGrid(
  action: ReviewActionSent,
  wanted: readonly UnnumberedEvent[],
  before: ReadonlyMap<string, readonly ReviewEvent[]>,
): boolean {
  if (action.kind === 'verdict') return action.value.shownBy === 'grid';
  const [first] = wanted;
  if (action.kind !== 'redo' || first === undefined || wanted.length === 1) return false;
  return first.undoes !== null && redone(first.undoes, before.get(subjectKey(first)) ?? [])?.kind === 'verdict';
}

/** The photos, by key, that a decision in the grid is for. It leaves those that others have or settled as they are. */
async function ownAmong(
  trx: Transaction<Database>,
  view: DeskView,
  subjects: readonly Subject[],
): Promise<ReadonlySet<string>> {
  // A photo that is taken while this decision is stored would get two.
  await lockLeases(trx, view.scope.collectionId);
  const listed = subjects.length === 1 ? subjects : await ownAmongListed(trx, view, subjects);
  const own = new Set(listed.map(subjectKey));
  const actor = { collectionId: view.scope.collectionId, reviewer: view.reviewer };
  for (const taken of await takenByOthers(trx, actor, subjects)) own.delete(subjectKey(taken));
  return own;
}

function numbered(events: readonly UnnumberedEvent[], action: ActionRef): NewReviewEvent[] {
  const [first, ...others] = events;
  if (first !== undefined && others.length === 0) return [{ ...first, ...action }];
  const client = bulkClient(action);
  return events.map((event, i) => ({ ...event, client, sequence: i + 1 }));
}
