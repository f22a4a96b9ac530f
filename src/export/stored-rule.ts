import type { NewDecision } from '../decision/decision.ts';
import { decisionFor } from '../decision/judge.ts';
import type { MemberLogits } from '../evidence/evidence.repository.ts';
import { summariseCrop, type PhotoEvidence } from '../evidence/evidence.ts';
import type { FilterPolicy } from '../decision/policy.ts';
import { messageOf } from '../kernel/errors.ts';
import type { SelectedPhoto } from './select.ts';

/** What a photo's row will say that follows from evidence. */
export type Claims = Pick<SelectedPhoto, 'wnid' | 'maxTrueProb' | 'confusionWnid' | 'confusionProb'>;

/** The rule that the protocol records, in positions of its classes. */
export interface RecordedRule {
  readonly policy: FilterPolicy;
  /** The classes of the logits: `among` of the protocol. */
  readonly wnids: readonly string[];
}

/** The same logits give the same probabilities. Another processor may round the last digit of one differently. */
const TOLERANCE = 1e-9;

/**
 * How the stored logits of a photo contradict what its row will say, or null if they give the same.
 *
 * @param logits of all crops of each member of the protocol, in its order, over its classes
 */
export function contradiction(
  photo: Claims,
  logits: readonly MemberLogits[],
  { policy, wnids }: RecordedRule,
): string | null {
  const truth = policy.mode === 'O' ? null : wnids.indexOf(photo.wnid);
  if (truth === -1)
    return `Expected one of the ${wnids.length} classes of the models but it was searched as '${photo.wnid}'`;
  const lacking = logits.indexOf(null);
  if (lacking !== -1) return `Expected the logits of every crop but those of member ${lacking} are incomplete`;
  const evidence = evidenceOf(logits, truth);
  if (typeof evidence === 'string') return evidence;
  const names = { wnids, memberIds: logits.map((_, member) => member) };
  const decision = decisionFor({ photoId: 0, wnid: photo.wnid, truth, evidence }, policy, names);
  if (decision?.state !== 'kept')
    return `Expected a photo that the rule keeps but it is ${decision === null ? 'undecided' : droppedText(decision)}`;
  return valueProblem(photo, decision);
}

function droppedText({ reason, detail, memberId, crop }: NewDecision): string {
  const where = `member ${memberId}${crop === null ? '' : `, crop ${crop}`}`;
  return `dropped as '${reason}' (${detail ?? where})`;
}

function valueProblem(photo: Claims, recomputed: Omit<Claims, 'wnid'>): string | null {
  const { confusionWnid, confusionProb, maxTrueProb } = recomputed;
  if (photo.confusionWnid !== confusionWnid)
    return `Expected the predicted class ${confusionWnid}, as recomputed, but its decision has ${photo.confusionWnid}`;
  if (!isClose(photo.confusionProb, confusionProb))
    return `Expected the predicted_prob ${confusionProb}, as recomputed, but its decision has ${photo.confusionProb}`;
  return isClose(photo.maxTrueProb, maxTrueProb)
    ? null
    : `Expected the max_true_prob ${maxTrueProb}, as recomputed, but its decision has ${photo.maxTrueProb}`;
}

function isClose(one: number | null, other: number | null): boolean {
  return one === null || other === null ? one === other : Math.abs(one - other) <= TOLERANCE;
}

/** What the filter computes from logits, or why it cannot: they are not finite. */
function evidenceOf(logits: readonly MemberLogits[], truth: number | null): PhotoEvidence | string {
  const truths = truth === null ? [] : [truth];
  try {
    return logits.map((crops) => (crops ?? []).map((crop) => summariseCrop(crop, truths)));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return messageOf(error);
  }
}
