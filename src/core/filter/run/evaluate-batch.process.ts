import type { Kysely } from 'kysely';
import { mergeEvidence, type PhotoEvidence } from '../../models/evidence/evidence.ts';
import type { EvidenceToStore } from '../../models/evidence/evidence.repository.ts';
import { readKnown } from '../../models/evidence/related-members.repository.ts';
import type { RelatedMember } from '../../models/evidence/related-members.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { Database } from '../../platform/postgres/database.ts';
import type { EvaluationProblem, EvaluationResult, EvaluationTask } from '../engine/evaluated-photo.ts';
import { needsLogits, type CropRequest } from '../rule/crops-to-evaluate.ts';
import type { PhotoToDecide } from '../rule/decision.ts';
import { withoutDoubtful } from '../rule/near-limits.ts';
import { truthOf, type Truth } from '../rule/judge.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';

export interface PhotoToEvaluate {
  readonly photoId: number;
  readonly sha256: Sha256;
  readonly truths: readonly Truth[];
}

export interface BatchDeps extends CropRequest {
  readonly db: Kysely<Database>;
  /** Ids of the ensemble's members, in its order. */
  readonly memberIds: readonly number[];
  /** Members of other collections that give the same results as ours, over longer class lists. */
  readonly related?: readonly RelatedMember[];
  readonly engine: { evaluate(tasks: readonly EvaluationTask[]): Promise<readonly EvaluationResult[]> };
}

export interface EvaluatedInBatch {
  readonly photo: PhotoToEvaluate;
  readonly evidence: PhotoEvidence;
  readonly fresh: PhotoEvidence;
  readonly toStore: EvidenceToStore;
  readonly problem: EvaluationProblem | null;
}

export function withTruths(photo: PhotoToDecide, scope: DecisionScope): PhotoToEvaluate {
  const { photoId, sha256, wnids } = photo;
  return { photoId, sha256, truths: wnids.map((wnid) => truthOf(scope, wnid)) };
}

/** Reads the stored evidence of photos and runs the crops that they lack. Stores nothing. */
export async function evaluateBatch(
  photos: readonly PhotoToEvaluate[],
  { db, memberIds, related = [], engine, policies, evaluate }: BatchDeps,
): Promise<EvaluatedInBatch[]> {
  const known = await readKnown(db, photos, { memberIds, related });
  const stored = photos.map(({ photoId, truths }) =>
    withoutDoubtful(known.get(photoId)?.evidence ?? [], truths, policies),
  );
  const results = await engine.evaluate(
    photos.map(({ sha256, truths }, i) => ({ sha256, truths, evidence: stored[i] ?? [] })),
  );
  return photos.map((photo, i) => {
    const result = results[i];
    if (result === undefined)
      throw new Error(`Expected a result for the photo ${photo.sha256} but the engine gave none`);
    const { fresh, problem } = result;
    const evidence = mergeEvidence(stored[i] ?? [], fresh);
    const gained = known.get(photo.photoId)?.gained;
    const isNew = (member: number, crop: number): boolean =>
      [fresh, gained].some((cells) => (cells?.[member]?.[crop] ?? null) !== null);
    // The photo may be gone.
    const isEvaluated = problem === null || problem.kind === 'not-finite';
    const added = isEvaluated
      ? evidence.map((cells, member) => cells.map((cell, crop) => (isNew(member, crop) ? cell : null)))
      : [];
    const withLogits = needsLogits(evidence, photo.truths, { policies, evaluate });
    return { photo, evidence, fresh, problem, toStore: { photoId: photo.photoId, evidence: added, withLogits } };
  });
}
