import type { Wnid } from '../../kernel/ids.ts';
import type { ModeODropped, ModeOVerdict } from './decide-mode-o.ts';
import { NOTHING_KNOWN, type NewDecision, type VerdictNames } from './decision.ts';
import type { ModeOPolicy } from './policy.ts';

/**
 * The decision for a mode-O verdict, or null while it is undecided. There is no true class, so there is no p(true). The
 * predicted class and its probability stand where mode A has the confusion.
 */
export function modeODecisionOf(
  { photoId, wnid }: { readonly photoId: number; readonly wnid: Wnid },
  { verdict, policy, names }: { verdict: ModeOVerdict; policy: ModeOPolicy; names: VerdictNames },
): NewDecision | null {
  if (verdict.state === 'undecided') return null;
  const decided = { ...NOTHING_KNOWN, photoId, wnid, state: verdict.state, isLowerBound: false };
  if (verdict.state === 'kept') {
    return { ...decided, confusionWnid: names.wnids[verdict.predicted] ?? null, confusionProb: verdict.score };
  }
  const detail = detailOf(verdict, policy, names);
  return { ...decided, reason: verdict.reason, detail, memberId: names.memberIds[0] ?? null };
}

function detailOf({ reason, leading, atMost }: ModeODropped, policy: ModeOPolicy, { wnids }: VerdictNames): string {
  const wnid = wnids[leading] ?? String(leading);
  if (reason === 'other-class') return `most like ${wnid}, which is none of the collection's classes`;
  return `most like ${wnid}, with ${atMost.toFixed(4)} at most, below ${policy.minConfidence}`;
}
