import { storeEvidence } from '../../models/evidence/evidence.repository.ts';
import { rangeOf } from '../../kernel/pages.ts';
import type { EvaluationProblem } from '../engine/evaluated-photo.ts';
import { statesOfPhotos } from './decision.repository.ts';
import { incompletePhotoIds } from './incomplete.repository.ts';
import { evaluateBatch, withTruths, type BatchDeps, type PhotoToEvaluate } from './evaluate-batch.process.ts';
import { lostEvaluated } from './lost-photos.process.ts';
import type { LostPhoto } from '../../photo/lost-bytes.process.ts';
import { cropsToEvaluate } from '../rule/crops-to-evaluate.ts';
import type { FilterPolicy } from '../rule/policy.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';

export interface CompletedCounts {
  readonly photos: number;
  readonly done: number;
  readonly crops: number;
  /** Photos that have no bytes, because they were pruned or lost. */
  readonly absent: readonly number[];
  /** Absent photos that should have bytes. Their disk may not be mounted. */
  readonly lost: readonly LostPhoto[];
  /** Their bytes cannot be decoded or kill every process that tries, or a model gives no finite numbers for them. */
  readonly undecodable: readonly number[];
}

/** Decisions do not change. If it is stopped halfway, it stores what it has, and the same call continues from there. */
export async function completeEvidence(batch: readonly PhotoToEvaluate[], deps: BatchDeps): Promise<CompletedCounts> {
  const { db, memberIds, policies, evaluate } = deps;
  const evaluated = await evaluateBatch(batch, deps);
  const stored = evaluated.map(({ toStore }) => toStore);
  await db.transaction().execute((trx) => storeEvidence(trx, stored, memberIds));
  const completed = evaluated.map(({ photo: { photoId, truths }, evidence, fresh, problem }) => {
    const missing = cropsToEvaluate({ truths, evidence }, { policies, evaluate });
    // A crop without finite numbers may be one that nothing needs.
    const isWhole = problem === null || problem.kind === 'not-finite';
    return {
      photoId,
      crops: fresh.flat().filter((cell) => cell !== null).length,
      isDone: missing.length === 0 && isWhole,
      kind: problem?.kind,
    };
  });
  const withProblem = (...kinds: EvaluationProblem['kind'][]): number[] =>
    completed.flatMap(({ photoId, isDone, kind }) =>
      kind !== undefined && !isDone && kinds.includes(kind) ? [photoId] : [],
    );
  return {
    photos: completed.filter(({ crops }) => crops > 0).length,
    done: completed.filter(({ isDone }) => isDone).length,
    crops: completed.reduce((total, { crops }) => total + crops, 0),
    absent: withProblem('absent'),
    lost: await lostEvaluated(db, evaluated),
    undecodable: withProblem('undecodable', 'poison', 'not-finite'),
  };
}

export interface Completing {
  /** Photos whose crops cannot be computed. They are added when they are found, and this run does not try them again. */
  readonly givenUp: Set<number>;
  onCompleted(counts: CompletedCounts): void;
}

export interface CompletePageDeps extends Omit<BatchDeps, 'policies' | 'evaluate'> {
  readonly scope: DecisionScope;
  readonly policy: FilterPolicy;
  /** Photos in one batch: a thread works on one batch, and one transaction stores it. */
  readonly batchPhotos: number;
  readonly completing?: Completing | undefined;
  shouldStop(): boolean;
}

/** Completes decided photos of a page that lack crops or logits, unless completing is off. Returns how many gained crops. */
export async function completePage(page: number, deps: CompletePageDeps): Promise<number> {
  const { db, scope, policy, memberIds, batchPhotos, completing } = deps;
  if (completing === undefined || deps.shouldStop()) return 0;
  const { givenUp } = completing;
  const { from, before } = rangeOf(page);
  const range = { after: from - 1, before, limit: before - from };
  const photos = await statesOfPhotos(
    db,
    scope,
    await incompletePhotoIds(db, { scope, policy, memberIds, givenUp }, range),
  );
  let completed = 0;
  for (let i = 0; i < photos.length && !deps.shouldStop(); i += batchPhotos) {
    const batch = photos.slice(i, i + batchPhotos).map((photo) => withTruths(photo, scope));
    const counts = await completeEvidence(batch, { ...deps, policies: [policy], evaluate: 'all' });
    for (const photoId of [...counts.absent, ...counts.undecodable]) givenUp.add(photoId);
    completing.onCompleted(counts);
    completed += counts.photos;
  }
  return completed;
}
