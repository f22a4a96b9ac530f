import { rulesHold } from '../../collection/collection.repository.ts';
import { storeEvidence, type EvidenceToStore } from '../../models/evidence/evidence.repository.ts';
import { batchesOf } from '../../kernel/batches.ts';
import { StopTheRun } from '../../kernel/errors.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { completePage, type CompletePageDeps } from './complete.process.ts';
import { inReferenceSet, poison, undecodable, type NewDecision, type PhotoToDecide } from '../rule/decision.ts';
import { photosToDecide, storeDecisions, withPicture } from './decision.repository.ts';
import { sharePruned } from '../../photo/pruned.repository.ts';
import { overruleLeaks, shareLeaks } from './overrule.repository.ts';
import { evaluateBatch, withTruths, type EvaluatedInBatch } from './evaluate-batch.process.ts';
import type { FilterPayload } from './filter.job.ts';
import { decisionFor } from '../rule/judge.ts';
import { bytesAbsent, lostEvaluated } from './lost-photos.process.ts';
import type { LostPhoto, SetAside } from '../../photo/lost-bytes.process.ts';

export interface FilterDeps extends CompletePageDeps {
  /** Finds and stores which photos are in a reference set: photo id -> a text that names the twin. Left out without sets. */
  readonly leaksOf?: (photoIds: readonly number[]) => Promise<ReadonlyMap<number, string>>;
  /** Without it, photos whose bytes are lost are tried again later. */
  readonly setAside?: SetAside | undefined;
  onDecided(counts: DecidedCounts): void;
}

export interface DecidedCounts {
  readonly kept: number;
  readonly dropped: number;
  readonly failed: number;
  /** Failed photos that kill every process that evaluates them, or for which a model gives no finite numbers. */
  readonly poisoned: number;
}

/**
 * One transaction stores evidence and decisions of a batch, so nothing is decided without its evidence. Returns how many
 * decisions were made, and photos completed.
 *
 * @throws RetryLater `bytes-absent`, once the rest is decided, if photos have lost their bytes and are not set aside
 * @throws StopTheRun `other-rules` if the catalogue has other rules for the collection by now
 */
export async function filterPage({ page }: FilterPayload, deps: FilterDeps): Promise<number> {
  const toDecide = await photosToDecide(deps.db, deps.scope, page);
  const photos = toDecide.filter(({ photoId }) => deps.setAside?.has(photoId) !== true);
  const batches = batchesOf(photos, deps.batchPhotos);
  // Batches run in parallel, because the slowest photo of a batch may take ten times as long as the others.
  const ends = await Promise.allSettled(batches.map((batch) => filterBatch(batch, deps)));
  const done = ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  const completed = await completePage(page, deps);
  const absent = done.flatMap((batch) => batch.absent);
  if (absent.length > 0 && (await deps.setAside?.add(absent)) !== true) throw bytesAbsent(absent);
  return done.reduce((total, { decided }) => total + decided, completed);
}

/** Returns how many decisions were made, and the photos whose bytes are lost. */
export async function filterBatch(
  batch: readonly PhotoToDecide[],
  deps: FilterDeps,
): Promise<{ decided: number; absent: readonly LostPhoto[] }> {
  const { db, scope, policy, completing } = deps;
  if (deps.shouldStop()) return { decided: 0, absent: [] };
  const leaks = (await deps.leaksOf?.(batch.map((photo) => photo.photoId))) ?? new Map<number, string>();
  const photos = batch.filter((photo) => !leaks.has(photo.photoId));
  const evaluated = await evaluateBatch(
    photos.map((photo) => withTruths(photo, scope)),
    { ...deps, policies: [policy], evaluate: completing === undefined ? 'needed' : 'all' },
  );
  const decided = await storeBatch(deps, {
    evidence: evaluated.map(({ toStore }) => toStore),
    decisions: [
      ...leaked(batch, leaks),
      ...evaluated.flatMap((one, i) => decisionsOf(photos[i]?.wnids ?? [], one, deps)),
    ],
    mayLeak: photos.map((photo) => photo.photoId),
  });
  return { decided, absent: await lostEvaluated(db, evaluated) };
}

interface BatchToStore {
  readonly evidence: readonly EvidenceToStore[];
  readonly decisions: readonly NewDecision[];
  /** Photos that may be in a reference set that was added while they were evaluated. */
  readonly mayLeak: readonly number[];
}

/** One transaction, in which no rules change and no photo of a decision is pruned. Returns how many decisions were stored. */
export async function storeBatch(
  { db, scope, memberIds, onDecided }: Pick<FilterDeps, 'db' | 'scope' | 'memberIds' | 'onDecided'>,
  { evidence, decisions, mayLeak }: BatchToStore,
): Promise<number> {
  const stored = await db.transaction().execute(async (trx) => {
    if (!(await rulesHold(trx, scope))) throw otherRules();
    await shareLeaks(trx);
    await storeEvidence(trx, evidence, memberIds);
    // Another process may have pruned photos under other rules since, and a kept photo must have bytes.
    const pruned = await sharePruned(trx, [...new Set(decisions.map(({ photoId }) => photoId))]);
    const valid = decisions.filter(({ state, photoId }) => state !== 'kept' || !pruned.has(photoId));
    const there = await withPicture(trx, scope, valid);
    await storeDecisions(trx, scope, there);
    await overruleLeaks(trx, mayLeak);
    return there;
  });
  onDecided(countStates(stored));
  return stored.length;
}

/** A photo in a reference set needs no evidence. */
export function leaked(batch: readonly PhotoToDecide[], leaks: ReadonlyMap<number, string>): NewDecision[] {
  return batch.flatMap(({ photoId, wnids }) => {
    const detail = leaks.get(photoId);
    return detail === undefined ? [] : wnids.map((wnid) => inReferenceSet(photoId, wnid, detail));
  });
}

export const OTHER_RULES = 'other-rules';

/** A filter that had lost its connection, and with it its lock, may find other rules. */
function otherRules(): StopTheRun {
  return new StopTheRun(
    'The rules of the collection changed while this filter had no connection to PostgreSQL, or the collection was forgotten (winnow collection forget). This filter stops',
    { code: OTHER_RULES },
  );
}

function decisionsOf(
  wnids: readonly Wnid[],
  { photo: { photoId }, evidence, problem }: EvaluatedInBatch,
  deps: FilterDeps,
): NewDecision[] {
  if (problem?.kind === 'absent') return [];
  return wnids.flatMap((wnid) => {
    if (problem?.kind === 'undecodable') return undecodable(photoId, wnid, problem.detail);
    if (problem?.kind === 'poison') return poison(photoId, wnid, problem.detail);
    // An outcome of crops with finite numbers stands, because it must not depend on which of them ran first.
    const decision = decisionFor({ photoId, wnid }, evidence, deps);
    return decision ?? (problem === null ? [] : poison(photoId, wnid, problem.detail));
  });
}

function countStates(decisions: readonly NewDecision[]): DecidedCounts {
  const count = (state: NewDecision['state']): number =>
    decisions.filter((decision) => decision.state === state).length;
  const poisoned = decisions.filter(({ reason }) => reason === 'poison').length;
  return { kept: count('kept'), dropped: count('dropped'), failed: count('failed'), poisoned };
}
