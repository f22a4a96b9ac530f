import type { CropRef, PhotoEvidence } from '../../models/evidence/evidence.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { decide, missingCrops } from './decide.ts';
import { digestOf, judgeDigest, restsOnLogits, type MemberDigest } from './digest.ts';
import { decideModeO } from './decide-mode-o.ts';
import { decisionOf, modeODecisionOf, type NewDecision } from './decision.ts';
import type { FilterPolicy, Policy } from './policy.ts';
import type { DecisionScope } from '../../models/workspace/scope.ts';

/** The true class of a photo, as a position in the class list; null in mode O, where it is none of the classes. */
export type Truth = number | null;

export function cropsMissing(evidence: PhotoEvidence, truth: Truth, policy: FilterPolicy): readonly CropRef[] {
  if (policy.mode === 'O') {
    const outcome = decideModeO(evidence, policy);
    return outcome.state === 'undecided' ? outcome.missing : [];
  }
  const digest = digestOf(evidence, classOf(truth));
  const isUndecided = judgeDigest(digest, policy).state === 'undecided';
  return isUndecided ? missingCrops(evidence, { digest, truth: classOf(truth), policy }) : [];
}

export function decisionFor(
  photo: { readonly photoId: number; readonly wnid: Wnid },
  evidence: PhotoEvidence,
  { scope, policy, memberIds }: { scope: DecisionScope; policy: FilterPolicy; memberIds: readonly number[] },
): NewDecision | null {
  const names = { wnids: scope.wnids, memberIds };
  if (policy.mode === 'O') return modeODecisionOf(photo, { outcome: decideModeO(evidence, policy), policy, names });
  const truth = classOf(truthOf(scope, photo.wnid));
  return decisionOf(photo.photoId, photo.wnid, { outcome: decide(evidence, truth, policy), names });
}

function classOf(truth: Truth): number {
  if (truth !== null) return truth;
  throw new RangeError('Expected the position of the true class in mode A but received none');
}

/** Holds for all kept photos, and for undecided ones of a stopped run. Their logits are stored, so that no crop runs twice. */
export function restsOnEvidence(evidence: PhotoEvidence, truth: Truth, policy: FilterPolicy): boolean {
  if (policy.mode === 'O') return decideModeO(evidence, policy).state !== 'dropped';
  return restsOnLogits(digestOf(evidence, classOf(truth)), policy);
}

/**
 * If the loosest settings drop it by the summaries alone, all others do: no p is above a threshold of 1, and every score reaches a
 * confidence of 0. Then no setting needs the logits.
 */
export function isAlwaysDropped(evidence: PhotoEvidence, truth: Truth, policy: FilterPolicy): boolean {
  const summaries = evidence.map((cells) => cells.map((cell) => cell && { ...cell, logits: null }));
  if (policy.mode === 'O') return decideModeO(summaries, { ...policy, minConfidence: 0 }).state === 'dropped';
  return isDigestAlwaysDropped(digestOf(summaries, classOf(truth)));
}

export function isDigestAlwaysDropped(digest: readonly MemberDigest[]): boolean {
  return LOOSEST.every((loosest) => judgeDigest(digest, loosest).state === 'dropped');
}

const LOOSEST = (['max', 'mean'] as const).map((aggregation): Policy => ({
  threshold: 1,
  aggregation,
  members: 'all',
}));

export function truthOf(scope: DecisionScope, wnid: Wnid): Truth {
  if (scope.concepts !== undefined) return null;
  const index = scope.wnids.indexOf(wnid);
  if (index === -1) throw new Error(`Expected a class of the collection but received ${wnid}`);
  return index;
}
