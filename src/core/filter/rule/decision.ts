import { wellFormed } from '../../crawl/sources/text.ts';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import type { DecisionReason } from '../../kernel/reasons.ts';
import type { Outcome } from './decide.ts';
import type { ModeODropped, ModeOOutcome } from './decide-mode-o.ts';
import type { ModeOPolicy } from './policy.ts';

export interface PhotoToDecide {
  readonly photoId: number;
  readonly sha256: Sha256;
  /** The collection's classes for which the photo has no decision under the current rules. */
  readonly wnids: readonly Wnid[];
}

export interface NewDecision {
  readonly photoId: number;
  readonly wnid: Wnid;
  readonly state: 'kept' | 'dropped' | 'failed';
  readonly reason: DecisionReason | null;
  readonly detail: string | null;
  readonly maxTrueProb: number | null;
  readonly isLowerBound: boolean;
  readonly memberId: number | null;
  readonly crop: number | null;
  readonly confusionWnid: Wnid | null;
  readonly confusionProb: number | null;
}

export interface OutcomeNames {
  readonly wnids: readonly Wnid[];
  readonly memberIds: readonly number[];
}

export function decisionOf(
  photoId: number,
  wnid: Wnid,
  { outcome, names }: { outcome: Outcome; names: OutcomeNames },
): NewDecision | null {
  if (outcome.state === 'undecided') return null;
  const { state, maxTrueProb } = outcome;
  const decided = { ...NOTHING_KNOWN, photoId, wnid, state, maxTrueProb };
  if (outcome.state === 'kept') {
    const { confusion, confusionProb } = outcome;
    return { ...decided, isLowerBound: false, confusionWnid: names.wnids[confusion] ?? null, confusionProb };
  }
  const { reason, decidedBy, maxTrueProbIsLowerBound } = outcome;
  const memberId = names.memberIds[decidedBy.member] ?? null;
  return { ...decided, reason, isLowerBound: maxTrueProbIsLowerBound, memberId, crop: decidedBy.crop };
}

/** There is no true class, so no p(true). The predicted class and its probability stand where mode A has the confusion. */
export function modeODecisionOf(
  { photoId, wnid }: { readonly photoId: number; readonly wnid: Wnid },
  { outcome, policy, names }: { outcome: ModeOOutcome; policy: ModeOPolicy; names: OutcomeNames },
): NewDecision | null {
  if (outcome.state === 'undecided') return null;
  const decided = { ...NOTHING_KNOWN, photoId, wnid, state: outcome.state, isLowerBound: false };
  if (outcome.state === 'kept') {
    return { ...decided, confusionWnid: names.wnids[outcome.predicted] ?? null, confusionProb: outcome.score };
  }
  const detail = detailOf(outcome, policy, names);
  return { ...decided, reason: outcome.reason, detail, memberId: names.memberIds[0] ?? null };
}

function detailOf({ reason, leading, atMost }: ModeODropped, policy: ModeOPolicy, { wnids }: OutcomeNames): string {
  const wnid = wnids[leading] ?? String(leading);
  if (reason === 'other-class') return `most like ${wnid}, which is none of the collection's classes`;
  return `most like ${wnid}, with ${atMost.toFixed(4)} at most, below ${policy.minConfidence}`;
}

export function undecodable(photoId: number, wnid: Wnid, detail: string): NewDecision {
  return { ...NOTHING_KNOWN, photoId, wnid, state: 'failed', reason: 'undecodable', detail: wellFormed(detail) };
}

/** Fails for every class: it kills every process that evaluates it, or a model gives no finite numbers where needed. */
export function poison(photoId: number, wnid: Wnid, detail: string): NewDecision {
  return { ...NOTHING_KNOWN, photoId, wnid, state: 'failed', reason: 'poison', detail };
}

export function inReferenceSet(photoId: number, wnid: Wnid, detail: string): NewDecision {
  return { ...NOTHING_KNOWN, photoId, wnid, state: 'dropped', reason: 'in-reference-set', detail };
}

const NOTHING_KNOWN = {
  reason: null,
  detail: null,
  maxTrueProb: null,
  isLowerBound: true,
  memberId: null,
  crop: null,
  confusionWnid: null,
  confusionProb: null,
} as const;
