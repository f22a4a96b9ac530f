import { argmax } from '../../models/evidence/softmax.ts';
import { summariseCrop, type CropEvidence, type PhotoEvidence } from '../../models/evidence/evidence.ts';
import { decideModeO } from '../../filter/rule/decide-mode-o.ts';
import { decide } from '../../filter/rule/decide.ts';
import { meanProbabilities } from '../../filter/rule/mean-probabilities.ts';
import type { FilterPolicy, ModeOPolicy, Policy } from '../../filter/rule/policy.ts';
import type { PhotoRow } from '../select/photo-row.ts';
import type { Protocol } from '../protocol.ts';

/**
 * By how much a recomputed probability may differ. On one machine they are equal. Another processor sums the products of
 * a layer in another order, which changes the logits of the bundled models by some 1e-5, and a probability by a quarter
 * of that at most. The tolerance has room for deeper models.
 */
const PROBABILITY_TOLERANCE = 5e-5;
/** By how much another processor may change a logit. */
const LOGIT_TOLERANCE = 1e-4;

/** The columns of a row that follow from evidence. */
export type RuleRow = Pick<PhotoRow, 'wnid' | 'max_true_prob' | 'predicted_wnid' | 'predicted_prob'>;

/** The part of a protocol that says which photos are kept. */
export interface RuleProtocol extends Pick<Protocol, 'rule' | 'among' | 'searched'> {
  readonly models: readonly Pick<Protocol['models'][number], 'name'>[];
}

/** The rules of a protocol, in positions of `among`. */
export function policyOf({ rule, among, searched }: Omit<RuleProtocol, 'models'>): FilterPolicy {
  if (rule.mode === 'O') {
    const positions = new Map(among.map((wnid, i) => [wnid, i]));
    return {
      mode: 'O',
      minConfidence: rule.minConfidence,
      predictable: searched.map((wnid) => positions.get(wnid) ?? -1),
    };
  }
  const { threshold, aggregation, members } = rule;
  return { mode: 'A', threshold, aggregation, members };
}

/** The position of the true class of a photo. Null in mode O. */
export function truthOfRow({ wnid }: Pick<RuleRow, 'wnid'>, { rule, among }: RuleProtocol): number | null {
  return rule.mode === 'O' ? null : among.indexOf(wnid);
}

/**
 * How the recomputed evidence of a photo contradicts its row.
 *
 * @param evidence every crop of every member, with logits over `among`
 */
export function ruleProblems(row: RuleRow, evidence: PhotoEvidence, protocol: RuleProtocol): string[] {
  const policy = policyOf(protocol);
  const means = meanProbabilities(policy.mode === 'O' ? evidence.slice(0, 1) : evidence);
  if (means === null) return ['Expected the logits of every crop of every member'];
  const truth = truthOfRow(row, protocol) ?? -1;
  const verdict =
    policy.mode === 'O' ? modeOProblems(evidence, policy) : modeAProblems(row, { evidence, policy, truth, protocol });
  return [...verdict, ...predictionProblems(row, { means, truth, protocol })];
}

interface Recomputed {
  readonly evidence: PhotoEvidence;
  readonly policy: Policy;
  readonly truth: number;
  readonly protocol: RuleProtocol;
}

function modeAProblems(row: RuleRow, { evidence, policy, truth, protocol }: Recomputed): string[] {
  const { maxTrueProb } = decide(evidence, truth, policy);
  const recorded = row.max_true_prob ?? Number.NaN;
  const verdict = decide(lenient(evidence, truth), truth, policy);
  const isEqual = maxTrueProb !== null && Math.abs(maxTrueProb - recorded) <= PROBABILITY_TOLERANCE;
  const isDropped = verdict.state === 'dropped';
  return [
    isDropped && droppedText(verdict, protocol),
    !isEqual && `Expected the max_true_prob ${maxTrueProb}, as recomputed, but its row has ${row.max_true_prob}`,
  ].filter((problem) => problem !== false);
}

function droppedText(
  { reason, decidedBy, maxTrueProb }: Extract<ReturnType<typeof decide>, { readonly state: 'dropped' }>,
  { models, rule }: RuleProtocol,
): string {
  const who = models[decidedBy.member]?.name ?? `member ${decidedBy.member}`;
  const where = decidedBy.crop === null ? 'on the mean of its crops' : `on crop ${decidedBy.crop}`;
  const why =
    reason === 'correct'
      ? 'predicts the searched class'
      : `gives it more than the threshold ${rule.mode === 'A' ? rule.threshold : ''}`;
  return `Expected a photo that the rule keeps but ${who} ${why} ${where} (largest p ${maxTrueProb})`;
}

function modeOProblems(evidence: PhotoEvidence, policy: ModeOPolicy): string[] {
  const verdict = decideModeO(evidence, { ...policy, minConfidence: policy.minConfidence - PROBABILITY_TOLERANCE });
  if (verdict.state === 'kept') return [];
  const why =
    verdict.state === 'dropped' && verdict.reason === 'other-class'
      ? 'it is taken for a class that is not wanted'
      : `no class reaches ${policy.minConfidence}`;
  return [`Expected a photo that the rule keeps but ${why}`];
}

/** The largest mean of the other classes is the prediction. Two classes within the tolerance may change places. */
function predictionProblems(
  row: RuleRow,
  {
    means,
    truth,
    protocol: { among },
  }: { readonly means: Float64Array; readonly truth: number; readonly protocol: RuleProtocol },
): string[] {
  const best = argmax(means, truth);
  const recorded = among.indexOf(row.predicted_wnid);
  const lead = (means[best] ?? 0) - (means[recorded] ?? 0);
  if (recorded === -1 || recorded === truth || lead > PROBABILITY_TOLERANCE)
    return [
      `Expected the predicted class ${among[best]} (mean p ${means[best]}), as recomputed, but its row has '${row.predicted_wnid}'`,
    ];
  const prob = means[recorded] ?? 0;
  return Math.abs(prob - row.predicted_prob) <= PROBABILITY_TOLERANCE
    ? []
    : [`Expected the predicted_prob ${prob}, as recomputed, but its row has ${row.predicted_prob}`];
}

/**
 * The evidence with the true class's logits lower by what another processor may add to them. A photo that the rule just keeps
 * on one machine is then kept on each.
 */
function lenient(evidence: PhotoEvidence, truth: number): PhotoEvidence {
  const lower = ({ logits }: CropEvidence): CropEvidence => {
    const changed = Float32Array.from(logits ?? []);
    changed[truth] = (changed[truth] ?? 0) - LOGIT_TOLERANCE;
    return summariseCrop(changed, [truth]);
  };
  return evidence.map((cells) => cells.map((cell) => (cell === null ? null : lower(cell))));
}
