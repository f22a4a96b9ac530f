import { MODES } from '../../collection/modes.ts';
import type { FilterPolicy } from '../../filter/rule/policy.ts';
import type { PhotoEvidence } from '../../models/evidence/evidence.ts';
import { hasSigmoid } from '../../models/evidence/member.ts';
import { argmax, probabilities } from '../../models/evidence/softmax.ts';
import type { PhotoRow } from '../select/photo-row.ts';
import type { Protocol } from '../protocol.ts';

/**
 * The rule stated a second time, on purpose: `winnow verify` must find a mistake in the filter's own. Every crop of every
 * member is known here, so it is short.
 */

/** By how much recomputed numbers may differ: a logit, a probability, and the two largest mean probabilities if they change places. */
interface Tolerance {
  readonly logit: number;
  readonly probability: number;
  readonly lead: number;
}

/**
 * On one machine they are equal. Another processor sums the products of a layer in another order, which changes the logits of
 * the bundled models by some 1e-5, and a probability by a quarter of that at most. The tolerance has room for deeper models.
 */
const OWN: Tolerance = { logit: 1e-4, probability: 5e-5, lead: 5e-5 };
/** For rows that were decided on logits of another engine. It is stated here, and never read from an export. */
const IMPORTED: Tolerance = { logit: 0.02, probability: 0.01, lead: 0.02 };

function toleranceOf({ evidence }: RuleRow): Tolerance {
  return evidence === 'imported' ? IMPORTED : OWN;
}

export type RuleRow = Pick<PhotoRow, 'wnid' | 'max_true_prob' | 'predicted_wnid' | 'predicted_prob' | 'evidence'>;

export interface RuleProtocol extends Pick<Protocol, 'rule' | 'among' | 'searched'> {
  readonly models: readonly Pick<Protocol['models'][number], 'name' | 'preprocessing'>[];
}

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

/** Position in `among`; null in mode O. */
export function truthOfRow({ wnid }: Pick<RuleRow, 'wnid'>, { rule, among }: RuleProtocol): number | null {
  return MODES[rule.mode].showsClass ? among.indexOf(wnid) : null;
}

/** The logits over `among` of each crop of a member. The protocol says which members are of the sigmoid kind. */
interface MemberLogits {
  readonly crops: readonly Float32Array[];
  readonly isSigmoid: boolean;
}

/** How the recomputed evidence of a photo, every crop of every member, contradicts its row. */
export function ruleProblems(row: RuleRow, evidence: PhotoEvidence, protocol: RuleProtocol): string[] {
  const members = evidence.map((cells, member) => logitsOf(cells, protocol.models[member]));
  if (members.some(({ crops }, member) => crops.length === 0 || crops.length < (evidence[member]?.length ?? 0)))
    return ['Expected the logits of every crop of every member'];
  const { rule } = protocol;
  const truth = truthOfRow(row, protocol) ?? -1;
  const means = meanOf(members.slice(0, MODES[rule.mode].mostMembers).flatMap(probabilitiesOf));
  const broken =
    rule.mode === 'O'
      ? modeOProblems(row, means, { ...protocol, rule })
      : modeAProblems(row, { members, truth, rule, models: protocol.models });
  return [...broken, ...predictionProblems(row, { means, truth, protocol })];
}

function logitsOf(cells: PhotoEvidence[number], model: RuleProtocol['models'][number] | undefined): MemberLogits {
  return {
    crops: cells.flatMap((cell) => cell?.logits ?? []),
    isSigmoid: model !== undefined && hasSigmoid(model),
  };
}

function probabilitiesOf({ crops, isSigmoid }: MemberLogits): Float64Array[] {
  return crops.map((logits) => probabilities(logits, isSigmoid));
}

type ModeARule = Extract<RuleProtocol['rule'], { readonly mode: 'A' }>;
type ModeOProtocol = RuleProtocol & { readonly rule: Extract<RuleProtocol['rule'], { readonly mode: 'O' }> };

/**
 * How the recomputed evidence of a control contradicts its row: the rule of mode A drops it, and its class comes first where it does.
 * Its max_true_prob is a lower bound, because the filter stops at the first crop that drops a photo.
 */
export function controlRuleProblems(row: RuleRow, evidence: PhotoEvidence, protocol: RuleProtocol): string[] {
  const { rule } = protocol;
  if (rule.mode === 'O') return ['Expected no control in mode O, whose rule drops no photo as correct'];
  const truth = truthOfRow(row, protocol) ?? -1;
  const raised = evidence.map((cells, member) =>
    comparedOf(lenient(logitsOf(cells, protocol.models[member]), truth, -toleranceOf(row).logit), rule),
  );
  const hits = raised.map((compared) => hitOf(compared, truth, rule) !== null);
  const isDropped = rule.members === 'any' ? hits.some(Boolean) : hits.every(Boolean);
  const isFirst = raised.flat().some((probs) => argmax(probs) === truth);
  const most = Math.max(...raised.flat().map((probs) => probs[truth] ?? 0));
  return [
    !(isDropped && isFirst) &&
      'Expected a control, which the filter drops as correct, but the rule does not drop it so',
    most < (row.max_true_prob ?? 0) - toleranceOf(row).probability &&
      `Expected a max_true_prob of at most ${most}, as recomputed, but its row has ${row.max_true_prob}`,
  ].filter((problem) => problem !== false);
}

interface Recomputed extends Pick<RuleProtocol, 'models'> {
  /** By member. */
  readonly members: readonly MemberLogits[];
  readonly truth: number;
  readonly rule: ModeARule;
}

function modeAProblems(row: RuleRow, { members, truth, rule, models }: Recomputed): string[] {
  const compared = members.map((member) => comparedOf(member, rule));
  const maxTrueProb = Math.max(...compared.flat().map((probs) => probs[truth] ?? Number.NaN));
  const isEqual = Math.abs(maxTrueProb - (row.max_true_prob ?? Number.NaN)) <= toleranceOf(row).probability;
  const hits = members.map((member) =>
    hitOf(comparedOf(lenient(member, truth, toleranceOf(row).logit), rule), truth, rule),
  );
  const isDropped = rule.members === 'any' ? hits.some((hit) => hit !== null) : hits.every((hit) => hit !== null);
  const dropping = hits.findIndex((hit) => hit !== null);
  const who = models[dropping]?.name ?? `member ${dropping}`;
  return [
    isDropped && `Expected a photo that the rule keeps but ${who} ${hits[dropping]} (largest p ${maxTrueProb})`,
    !isEqual && `Expected the max_true_prob ${maxTrueProb}, as recomputed, but its row has ${row.max_true_prob}`,
  ].filter((problem) => problem !== false);
}

/** The probabilities that the rule looks at: those of each crop of a member, or their mean. */
function comparedOf(member: MemberLogits, { aggregation }: ModeARule): readonly Float64Array[] {
  const probs = probabilitiesOf(member);
  return aggregation === 'max' ? probs : [meanOf(probs)];
}

function hitOf(compared: readonly Float64Array[], truth: number, { threshold, aggregation }: ModeARule): string | null {
  for (const [crop, probs] of compared.entries()) {
    const where = aggregation === 'max' ? `on crop ${crop}` : 'on the mean of its crops';
    if (argmax(probs) === truth) return `predicts the searched class ${where}`;
    if ((probs[truth] ?? 0) > threshold) return `gives it more than the threshold ${threshold} ${where}`;
  }
  return null;
}

function modeOProblems(row: RuleRow, means: Float64Array, { rule, among, searched }: ModeOProtocol): string[] {
  const predicted = argmax(means);
  if ((means[predicted] ?? 0) < rule.minConfidence - toleranceOf(row).probability)
    return [`Expected a photo that the rule keeps but no class reaches ${rule.minConfidence}`];
  if (searched.includes(among[predicted] ?? '')) return [];
  return ['Expected a photo that the rule keeps but it is taken for a class that is not wanted'];
}

function meanOf(rows: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(rows[0]?.length ?? 0);
  for (const row of rows) for (const [at, prob] of row.entries()) total[at] = (total[at] ?? 0) + prob;
  return total.map((sum) => sum / rows.length);
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
  if (recorded === -1 || recorded === truth || lead > toleranceOf(row).lead)
    return [
      `Expected the predicted class ${among[best]} (mean p ${means[best]}), as recomputed, but its row has '${row.predicted_wnid}'`,
    ];
  const prob = means[recorded] ?? 0;
  return Math.abs(prob - row.predicted_prob) <= toleranceOf(row).probability
    ? []
    : [`Expected the predicted_prob ${prob}, as recomputed, but its row has ${row.predicted_prob}`];
}

/**
 * Lowers the logit of the true class by what another processor or engine may add to it. A photo that the rule just keeps on one
 * machine is then kept on each. A negative number raises the logit: a control that is just dropped is dropped on each.
 */
function lenient({ crops, ...member }: MemberLogits, truth: number, by: number): MemberLogits {
  return { ...member, crops: crops.map((logits) => logits.with(truth, (logits[truth] ?? 0) - by)) };
}
