import type { Wnid } from '../../kernel/ids.ts';
import type { ModeODropped, ModeOOutcome } from './decide-mode-o.ts';
import { NOTHING_KNOWN, type NewDecision, type OutcomeNames } from './decision.ts';
import type { ModeOPolicy } from './policy.ts';

/**
 * The decision for a mode-O outcome, or null while it is undecided. There is no true class, so there is no p(true). The
 * predicted class and its probability stand where mode A has the confusion.
 */
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
