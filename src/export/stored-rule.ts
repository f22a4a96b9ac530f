import type { NewDecision } from '../decision/decision.ts';
import { decisionFor } from '../decision/judge.ts';
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
 * How the stored logits of a photo contradict what its row will say, or null if they give the same. Only the logits count, not
 * the summaries beside them.
 *
 * @param evidence a row for each member of the protocol, in its order
 */
export function contradiction(photo: Claims, evidence: PhotoEvidence, { policy, wnids }: RecordedRule): string | null {
  const truth = policy.mode === 'O' ? null : wnids.indexOf(photo.wnid);
  if (truth === -1)
    return `Expected one of the ${wnids.length} classes of the models but it was searched as '${photo.wnid}'`;
  const missing = evidence.flat().filter((cell) => cell?.logits?.length !== wnids.length).length;
  if (missing > 0)
    return `Expected ${wnids.length} logits of each of its ${evidence.flat().length} crops but ${missing} crops have others or none`;
  const recomputed = attempt(() => fromLogits(evidence, truth));
  if (typeof recomputed === 'string') return recomputed;
  const names = { wnids, memberIds: evidence.map((_, member) => member) };
  const decision = decisionFor({ photoId: 0, wnid: photo.wnid, truth, evidence: recomputed }, policy, names);
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

function fromLogits(evidence: PhotoEvidence, truth: number | null): PhotoEvidence {
  const truths = truth === null ? [] : [truth];
  return evidence.map((cells) => cells.map((cell) => summariseCrop(cell?.logits ?? new Float32Array(), truths)));
}

/** The evidence, or why its logits cannot be used: they are not finite. */
function attempt(compute: () => PhotoEvidence): PhotoEvidence | string {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return messageOf(error);
  }
}
