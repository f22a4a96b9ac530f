import {
  CROPS_PER_MEMBER,
  probabilityOf,
  type CropEvidence,
  type PhotoEvidence,
} from '../../models/evidence/evidence.ts';
import { argmax } from '../../models/evidence/softmax.ts';
import { cropOrder } from './crop-order.ts';
import { digestOf, judgeDigest } from './digest.ts';
import { meanProbabilities } from './mean-probabilities.ts';
import type { Truth } from './judge.ts';
import type { FilterPolicy, ModeOPolicy, Policy } from './policy.ts';

/**
 * How far an imported logit may be from winnow's own. It covers other libraries, GPUs and float16 up to 32, and no other pixels,
 * crops or weights.
 */
export const LOGIT_TOLERANCE = 0.02;

/** If each logit moves by the tolerance, the logarithm of the odds of a p, and the gap of two logits, move at most so far. */
const ODDS_TOLERANCE = 2 * LOGIT_TOLERANCE;
/** The same for p itself, whose slope is p * (1 - p). */
const PROB_TOLERANCE = ODDS_TOLERANCE / 4;

/**
 * The evidence without imported cells, if winnow's own could decide the photo in another way for one of its classes. The filter
 * then runs the models itself, so that decisions do not depend on where evidence comes from.
 */
export function withoutDoubtful(
  evidence: PhotoEvidence,
  truths: readonly Truth[],
  policies: readonly FilterPolicy[],
): PhotoEvidence {
  if (!evidence.some((cells) => cells.some(isImported))) return evidence;
  const isDoubtful = truths.some((truth) => policies.some((policy) => isNear(evidence, truth, policy)));
  return isDoubtful ? evidence.map((cells) => cells.map((cell) => (isImported(cell) ? null : cell))) : evidence;
}

function isImported(cell: CropEvidence | null): boolean {
  return cell?.executionProvider === 'imported';
}

function isNear(evidence: PhotoEvidence, truth: Truth, policy: FilterPolicy): boolean {
  if (policy.mode === 'O') return isNearModeO(evidence[0] ?? [], policy);
  if (truth === null) return false;
  if (policy.aggregation === 'max' ? isNearInCrops(evidence, truth, policy) : isNearInMeans(evidence, truth, policy))
    return true;
  if (judgeDigest(digestOf(evidence, truth), policy).state === 'dropped') return false;
  // The photo may be kept, and then has a confusion.
  const means = meanProbabilities(evidence);
  return means !== null && gap(means, truth) <= 2 * PROB_TOLERANCE;
}

/** Looks at crops up to the first that certainly drops the photo: the filter would not have looked further. */
function isNearInCrops(evidence: PhotoEvidence, truth: number, { threshold, members }: Policy): boolean {
  for (const { member, crop } of cropOrder(evidence.length)) {
    const cell = evidence[member]?.[crop] ?? null;
    if (cell === null) continue;
    if (isImported(cell) && isNearInCrop(cell, truth, threshold)) return true;
    const isHit = cell.top1 === truth || (probabilityOf(cell, truth) ?? 0) > threshold;
    if (isHit && members === 'any') return false;
  }
  return false;
}

function isNearInCrop(cell: CropEvidence, truth: number, threshold: number): boolean {
  const prob = probabilityOf(cell, truth);
  if (prob === null) return false;
  return Math.abs(logOdds(prob) - logOdds(threshold)) <= ODDS_TOLERANCE || leadOf(cell, truth) <= ODDS_TOLERANCE;
}

/** By how much the first class is ahead of the true one or, if that is first, of the second; at least. In units of logits. */
function leadOf(cell: CropEvidence, truth: number): number {
  if (cell.top1 !== truth) return Math.log(cell.top1Prob / (probabilityOf(cell, truth) ?? 0));
  const { logits } = cell;
  // Without logits, the second class may have all the rest; of sigmoids, as much as the first.
  if (logits === null) return cell.isSigmoid === true ? 0 : logOdds(cell.top1Prob);
  return (logits[truth] ?? 0) - (logits[argmax(logits, truth)] ?? -Infinity);
}

function isNearInMeans(evidence: PhotoEvidence, truth: number, { threshold }: Policy): boolean {
  return evidence.some((cells) => {
    const means = meanProbabilities([cells]);
    if (means === null) return false;
    const prob = means[truth] ?? 0;
    const other = means[argmax(means, truth)] ?? 0;
    return Math.abs(prob - threshold) <= PROB_TOLERANCE || Math.abs(prob - other) <= 2 * PROB_TOLERANCE;
  });
}

function isNearModeO(cells: PhotoEvidence[number], { minConfidence }: ModeOPolicy): boolean {
  const means = cells.length === CROPS_PER_MEMBER ? meanProbabilities([cells]) : null;
  if (means === null) return false;
  return Math.abs((means[argmax(means)] ?? 0) - minConfidence) <= PROB_TOLERANCE || gap(means) <= 2 * PROB_TOLERANCE;
}

/** The difference between the two largest means, `skip` left out. */
function gap(means: Float64Array, skip = -1): number {
  const first = argmax(means, skip);
  const others = means.map((mean, at) => (at === skip ? -Infinity : mean));
  return (means[first] ?? 0) - (others[argmax(others, first)] ?? -Infinity);
}

function logOdds(p: number): number {
  return Math.log(p / (1 - p));
}
