import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Kysely, Transaction } from 'kysely';
import pLimit from 'p-limit';
import { batchesOf } from '../../kernel/batches.ts';
import { UsageError } from '../../kernel/errors.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { metTogether } from '../../kernel/met.ts';
import type { Database } from '../../platform/postgres/database.ts';
import {
  bulkClient,
  countStored,
  dropTaken,
  eventsOfAction,
  firstOfPart,
  reviewableAmong,
  type ActionEvent,
  type ActionAuthor,
} from './action.repository.ts';
import { deriveVerdicts } from './derive-verdicts.process.ts';
import type { DeskView } from '../desk/known-photos.repository.ts';
import type { ActionRef, ActionResult, ReviewActionSent } from '../desk/desk.ts';
import { subjectKey, subjectsOf, type NewReviewEvent, type Subject } from './event.ts';
import { redone, type FittedEvent, type UnnumberedEvent } from './fit.ts';
import { decideEvents, seenBy, type TabAction } from './outcome.process.ts';
import { addLeases, endLeases, lockLeases } from '../desk/lease.repository.ts';
import { eventsOf, insertEvents, lockBulks, lockSubjects } from './review.repository.ts';
import { StaleAction } from './stale.ts';

export interface Recorded extends ActionResult {
  readonly subjects: readonly Subject[];
}

export const CANNOT_UNDO = 'cannot-undo';

/** Photos that are stored by one statement. Other requests are answered between two statements. */
const SLICE = 2_000;
/** An action on many photos keeps a connection for seconds. Others of this process wait for it without one. */
const takeBulkPlace = pLimit(1);

/**
 * Stores an event for each photo, all or none of them. An action that was stored before is not stored again. A photo
 * whose decision is taken back is shown again, so it is kept for the tab.
 * @throws StaleAction if an action on one photo is refused
 * @throws UsageError `cannot-undo`: an undo of an undo, or a redo of anything else; `sequence-taken`
 */
export async function recordAction(db: Kysely<Database>, view: DeskView, sent: TabAction): Promise<Recorded> {
  const actor = { collectionId: view.scope.collectionId, reviewer: view.reviewer };
  const { action } = sent;
  const photos = 'of' in action ? await countStored(db, actor, action.of) : action.subjects.length;
  const record = (): Promise<Recorded> =>
    db.transaction().execute(async (trx) => {
      if (photos > 1) await lockBulks(trx, actor.collectionId);
      return recordIn(trx, view, sent);
    });
  return photos > 1 ? takeBulkPlace(record) : record();
}

async function recordIn(trx: Transaction<Database>, view: DeskView, sent: TabAction): Promise<Recorded> {
  const { client, action, leaseMs } = sent;
  const { sequence } = action;
  const actor = { collectionId: view.scope.collectionId, reviewer: view.reviewer };
  const wanted = await eventsFor(trx, actor, action);
  const subjects = subjectsOf(wanted);
  const slices = await reviewableSlices(trx, { ...actor, client }, wanted);
  await lockSubjects(trx, actor.collectionId, subjectsOf(slices[0] ?? []));
  // An action that arrives twice at once waits for the lock, and is then found stored.
  const stored = await eventsOfAction(trx, actor, { client, ...action });
  if (!(await isPartOf(wanted, stored))) throw sequenceTaken({ client, sequence });
  const isAlone = subjects.length === 1 && action.part === undefined;
  const gives = await kindGiven(trx, actor, wanted);
  const fitted =
    stored.length > 0
      ? await outcomeAgain(trx, view, { sent, slices, stored })
      : await storeSlices(trx, view, { sent, slices, isAlone, gives });
  const stale = fitted.flatMap((one) => one.stale ?? []);
  const met = fitted.flatMap((one) => one.met ?? []);
  if (isAlone && stale[0] !== undefined) throw new StaleAction(stale[0]);
  if (stored.length === 0 && action.kind === 'undo' && isAlone)
    await addLeases(trx, { ...actor, client, leaseMs }, subjects);
  return {
    sequence,
    stored: fitted.length - stale.length,
    skipped: subjects.length - fitted.length,
    subjects,
    ...(stale.length > 0 ? { stale } : {}),
    ...(met.length > 0 ? { met: metTogether(met) } : {}),
  };
}

interface SentSlices {
  readonly sent: TabAction;
  readonly slices: readonly (readonly UnnumberedEvent[])[];
}

/** Stores what can be stored of a new action. Returns what became of its photos, without those that are left to others. */
async function storeSlices(
  trx: Transaction<Database>,
  view: DeskView,
  { sent, slices, isAlone, gives }: SentSlices & { readonly isAlone: boolean; readonly gives: string | undefined },
): Promise<FittedEvent[]> {
  const actor = { collectionId: view.scope.collectionId, reviewer: view.reviewer };
  const { client, action } = sent;
  const areOthers = !isAlone && gives === 'verdict' && (action.kind !== 'verdict' || action.value.shownBy === 'grid');
  const seenOf = seenBy(sent);
  const all: FittedEvent[] = [];
  let from = 0;
  for (const slice of slices) {
    const fitted = await decideEvents(trx, view, { events: slice, areOthers, seenOf });
    const events = fitted.flatMap(({ event }) => event ?? []);
    await storeEvents(trx, actor, numbered(events, sent, { from, isAlone }));
    from += events.length;
    all.push(...fitted);
  }
  // Taken last, so that no tab waits for photos as long as the whole action takes.
  if (!isAlone) await lockLeases(trx, actor.collectionId);
  // Photos that others took while the action was being stored would get two decisions.
  const taken = areOthers ? await dropTaken(trx, actor, { client, ...action }) : [];
  if (taken.length > 0) await deriveVerdicts(trx, actor.collectionId, taken);
  const takenKeys = new Set(taken.map(subjectKey));
  const left = all.filter((one) => one.event === undefined || !takenKeys.has(subjectKey(one.event)));
  // After the lock is taken: another transaction that holds it may wait for these rows.
  if (gives === 'verdict' || gives === 'adjudicate')
    for (const batch of batchesOf(subjectsOf(left.flatMap(({ event }) => event ?? [])), SLICE))
      await endLeases(trx, actor.collectionId, batch);
  return left;
}

/** Says once more what became of an action that is stored, for a page that got no answer. */
async function outcomeAgain(
  trx: Transaction<Database>,
  view: DeskView,
  { sent, slices, stored }: SentSlices & { readonly stored: readonly ActionEvent[] },
): Promise<FittedEvent[]> {
  const ids = new Map(stored.map((event) => [subjectKey(event), event.id]));
  const seenOf = seenBy(sent);
  const all: FittedEvent[] = [];
  for (const slice of slices)
    all.push(...(await decideEvents(trx, view, { events: slice, areOthers: true, seenOf, ids })));
  return all.filter(({ event, stale }) => ids.has(subjectKey(event ?? stale)) === (stale === undefined));
}

function slicesOf(events: readonly UnnumberedEvent[]): UnnumberedEvent[][] {
  const byClass = [...groupBy(events, ({ wnid }) => wnid).values()].flat();
  return batchesOf(byClass, SLICE);
}

async function reviewableSlices(
  trx: Transaction<Database>,
  tab: Parameters<typeof reviewableAmong>[1],
  wanted: readonly UnnumberedEvent[],
): Promise<UnnumberedEvent[][]> {
  const slices: UnnumberedEvent[][] = [];
  for (const slice of slicesOf(wanted)) {
    const known = new Set((await reviewableAmong(trx, tab, subjectsOf(slice))).map(subjectKey));
    slices.push(slice.filter((event) => known.has(subjectKey(event))));
  }
  return slices;
}

async function storeEvents(
  trx: Transaction<Database>,
  { collectionId }: ActionAuthor,
  events: readonly NewReviewEvent[],
): Promise<void> {
  const [first] = events;
  const added = await insertEvents(trx, collectionId, events);
  if (first !== undefined && added < events.length) throw sequenceTaken(first);
  await deriveVerdicts(trx, collectionId, subjectsOf(events));
}

export const SEQUENCE_TAKEN = 'sequence-taken';

/** True if all stored events of a number are among the events of this action. Some of those may have been skipped. */
async function isPartOf(wanted: readonly UnnumberedEvent[], stored: readonly ActionEvent[]): Promise<boolean> {
  if (stored.length === 0) return true;
  const events = new Map(wanted.map((event) => [subjectKey(event), event]));
  for (const [i, { kind, undoes, value, ...subject }] of stored.entries()) {
    const event = events.get(subjectKey(subject));
    // A stored value may say more, such as whether a verdict is blind.
    const isSameValue = isDeepStrictEqual({ ...value, ...event?.value }, { ...value });
    if (event?.kind !== kind || event.undoes !== undoes || !isSameValue) return false;
    if (i % SLICE === SLICE - 1) await setImmediate();
  }
  return true;
}

function sequenceTaken({ client, sequence }: ActionRef): UsageError {
  return new UsageError(
    `Expected a new number for an action of ${client} but ${sequence} is that of another action, or of another reviewer's; load the page again`,
    { code: SEQUENCE_TAKEN },
  );
}

async function eventsFor(
  trx: Transaction<Database>,
  actor: ActionAuthor,
  action: ReviewActionSent,
): Promise<UnnumberedEvent[]> {
  const { at } = action;
  const { reviewer } = actor;
  if (!('of' in action)) {
    const { subjects, sequence: _, part: __, ...change } = action;
    return subjectsOf(subjects).map((subject) => ({ ...change, ...subject, reviewer, undoes: null }));
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

/** The kind of an action, or of the event that a redo brings back. */
async function kindGiven(
  trx: Transaction<Database>,
  { collectionId }: ActionAuthor,
  [first]: readonly UnnumberedEvent[],
): Promise<string | undefined> {
  if (first?.kind !== 'redo') return first?.kind;
  return redone(first.undoes, await eventsOf(trx, collectionId, subjectsOf([first])))?.kind;
}

/** @param place `from`: how many events of the action are stored already; `isAlone`: the action is on one photo */
function numbered(
  events: readonly UnnumberedEvent[],
  { client, action: { sequence, part } }: TabAction,
  { from, isAlone }: { readonly from: number; readonly isAlone: boolean },
): NewReviewEvent[] {
  if (isAlone && part === undefined) return events.map((event) => ({ ...event, client, sequence }));
  const before = firstOfPart(part) + from;
  return events.map((event, i) => ({ ...event, client: bulkClient({ client, sequence }), sequence: before + i }));
}
