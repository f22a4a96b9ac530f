import type { Kysely } from 'kysely';
import { mergeEvidence, type CropEvidence, type PhotoEvidence } from '../../models/evidence/evidence.ts';
import { storeEvidence } from '../../models/evidence/evidence.repository.ts';
import { readKnown } from '../../models/evidence/related-members.repository.ts';
import type { RelatedMember } from '../../models/evidence/related-members.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { rangeOf } from '../../kernel/pages.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { EvaluationProblem, EvaluationResult, EvaluationTask } from '../engine/evaluated-photo.ts';
import { photosOf } from './decision.repository.ts';
import { incompletePhotoIds } from './incomplete.repository.ts';
import { isAlwaysDropped, restsOnEvidence, truthOf, type Truth } from '../rule/judge.ts';
import { lostAmong } from './lost-photos.process.ts';
import type { LostPhoto } from '../../photo/lost-bytes.process.ts';
import { cropsToEvaluate } from '../rule/crops-to-evaluate.ts';
import type { FilterPolicy } from '../rule/policy.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';

/** A photo whose evidence should be completed, and the classes that it is a candidate for. */
export interface PhotoToComplete {
  readonly photoId: number;
  readonly sha256: Sha256;
  readonly truths: readonly Truth[];
}

export interface CompleteDeps {
  readonly db: Kysely<Database>;
  readonly memberIds: readonly number[];
  /** Members of other collections that give the same results as ours, over longer class lists. */
  readonly related?: readonly RelatedMember[];
  /** The policies that the evidence must answer; the engine's own. */
  readonly policies: readonly FilterPolicy[];
  /** Crops that the engine runs: those that the policies need, or all. */
  readonly evaluate: 'needed' | 'all';
  readonly engine: { evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> };
}

export interface CompletedCounts {
  /** Photos with crops that ran. */
  readonly photos: number;
  /** Photos that are now complete. */
  readonly done: number;
  /** Number of crops that ran. */
  readonly crops: number;
  /** Photos that have no bytes, because they were pruned or lost. */
  readonly absent: readonly number[];
  /** Absent photos that should have bytes. Their disk may not be mounted. */
  readonly lost: readonly LostPhoto[];
  /**
   * Photos whose bytes cannot be decoded, that kill every process that tries, or for which a model gives no finite
   * numbers.
   */
  readonly undecodable: readonly number[];
}

/**
 * Runs the crops that a batch of photos lack for what the engine evaluates, and stores the results. Decisions do not
 * change. If it is stopped halfway, it stores what it has, and the same call continues from there.
 */
export async function completeEvidence(
  batch: readonly PhotoToComplete[],
  { db, memberIds, related = [], policies, evaluate, engine }: CompleteDeps,
): Promise<CompletedCounts> {
  const known = await readKnown(db, batch, { memberIds, related });
  const tasks = batch.map(({ photoId, sha256, truths }) => ({
    sha256,
    truths,
    evidence: known.get(photoId)?.evidence ?? [],
  }));
  const results = await engine.evaluate(tasks);
  const completed = batch.map(({ photoId, truths }, i) => {
    const { fresh, problem } = results[i] ?? { fresh: [], problem: null };
    const evidence = mergeEvidence(tasks[i]?.evidence ?? [], fresh);
    const questions = truths.flatMap((truth) => policies.map((policy) => ({ truth, policy })));
    const withLogits = questions.some(({ truth, policy }) =>
      evaluate === 'all' ? !isAlwaysDropped(evidence, truth, policy) : restsOnEvidence(evidence, truth, policy),
    );
    const isDone = policies.every(
      (policy) => cropsToEvaluate({ task: { truths, evidence }, fresh }, { policy, evaluate }).length === 0,
    );
    const gained = known.get(photoId)?.gained;
    const isNew = (member: number, crop: number): boolean =>
      [fresh, gained].some((cells) => (cells?.[member]?.[crop] ?? null) !== null);
    const toStore = evidence.map((cells, member) => cells.map((cell, crop) => (isNew(member, crop) ? cell : null)));
    // A crop without finite numbers may be one that nothing needs.
    const isWhole = problem === null || problem.kind === 'not-finite';
    return { photoId, evidence: toStore, fresh, withLogits, isDone: isDone && isWhole };
  });
  const entries = completed.filter(({ evidence }) => countCells(evidence) > 0);
  const ran = completed.filter(({ fresh }) => countCells(fresh) > 0);
  await db.transaction().execute((trx) => storeEvidence(trx, entries, memberIds));
  const withProblem = (...kinds: EvaluationProblem['kind'][]): number[] =>
    completed.flatMap(({ photoId, isDone }, i) => {
      const kind = results[i]?.problem?.kind;
      return kind !== undefined && !isDone && kinds.includes(kind) ? [photoId] : [];
    });
  return {
    photos: ran.length,
    done: completed.filter(({ isDone }) => isDone).length,
    crops: ran.reduce((total, { fresh }) => total + countCells(fresh), 0),
    absent: withProblem('absent'),
    lost: await lostAmong(db, batch, results),
    undecodable: withProblem('undecodable', 'poison', 'not-finite'),
  };
}

/** Options of completing decided photos. */
export interface Completing {
  /**
   * Photos whose crops cannot be computed. They are added when they are found, and this run does not try them again.
   */
  readonly givenUp: Set<number>;
  onCompleted(counts: CompletedCounts): void;
}

export interface CompletePageDeps extends Omit<CompleteDeps, 'policies' | 'evaluate'> {
  readonly scope: DecisionScope;
  readonly policy: FilterPolicy;
  readonly batchPhotos: number;
  readonly completing?: Completing | undefined;
  shouldStop(): boolean;
}

/**
 * Completes the evidence of the decided photos of a page that lack crops or logits. Does nothing if completing is off.
 *
 * @returns how many photos gained crops
 */
export async function completePage(page: number, deps: CompletePageDeps): Promise<number> {
  const { db, scope, policy, memberIds, batchPhotos, completing } = deps;
  if (completing === undefined || deps.shouldStop()) return 0;
  const { givenUp } = completing;
  const { from, before } = rangeOf(page);
  const range = { after: from - 1, before, limit: before - from };
  const photos = await photosOf(db, scope, await incompletePhotoIds(db, { scope, policy, memberIds, givenUp }, range));
  let completed = 0;
  for (let i = 0; i < photos.length && !deps.shouldStop(); i += batchPhotos) {
    const batch = photos.slice(i, i + batchPhotos).map(({ photoId, sha256, wnids }) => ({
      photoId,
      sha256,
      truths: wnids.map((wnid) => truthOf(scope, wnid)),
    }));
    const counts = await completeEvidence(batch, { ...deps, policies: [policy], evaluate: 'all' });
    for (const photoId of [...counts.absent, ...counts.undecodable]) givenUp.add(photoId);
    completing.onCompleted(counts);
    completed += counts.photos;
  }
  return completed;
}

function countCells(evidence: PhotoEvidence): number {
  return evidence.flat().filter((cell): cell is CropEvidence => cell !== null).length;
}
