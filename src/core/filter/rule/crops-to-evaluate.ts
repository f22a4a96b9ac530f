import type { CropEvidence, CropRef, PhotoEvidence } from '../../models/evidence/evidence.ts';
import { cropOrder } from './crop-order.ts';
import { cropsMissing, isAlwaysDropped, restsOnEvidence, type Truth } from './judge.ts';
import type { FilterPolicy } from './policy.ts';

interface Known {
  readonly truths: readonly Truth[];
  readonly evidence: PhotoEvidence;
  /** Crops that gave no finite numbers in this run: the same model gives the same result for the same crop. */
  readonly notFinite?: readonly CropRef[];
}

export interface CropRequest {
  /** One or more. The photo must be decided under each of them. */
  readonly policies: readonly FilterPolicy[];
  /** `all`: every crop, whether the photo is decided or not, and everything that any other setting needs. */
  readonly evaluate: 'needed' | 'all';
}

/** Crops, in `cropOrder`, that can still decide the photo for a class under a policy. Empty once it is decided or none is left. */
export function cropsToEvaluate({ truths, evidence, notFinite = [] }: Known, wanted: CropRequest): readonly CropRef[] {
  const { policies, evaluate } = wanted;
  for (const truth of truths) {
    for (const policy of policies) {
      const missing = cropsMissing(evidence, truth, policy).filter(isNoneOf(notFinite));
      if (missing.length > 0) return missing;
    }
  }
  if (evaluate === 'needed') return [];
  const open = cropsWhere(evidence, (cell) => cell === null || cell.isBound === true).filter(isNoneOf(notFinite));
  if (open.length > 0) return open;
  // Only when every crop has been evaluated is it clear which ones must run again because their logits were not stored.
  if (!needsLogits(evidence, truths, wanted)) return [];
  return cropsWhere(evidence, (cell) => cell?.logits === null).filter(isNoneOf(notFinite));
}

/** If false, its summaries suffice to decide it in the same way again, and with `all`, under every setting. */
export function needsLogits(
  evidence: PhotoEvidence,
  truths: readonly Truth[],
  { policies, evaluate }: CropRequest,
): boolean {
  const rests = evaluate === 'all' ? mayBeKept : restsOnEvidence;
  return truths.some((truth) => policies.some((policy) => rests(evidence, truth, policy)));
}

function mayBeKept(evidence: PhotoEvidence, truth: Truth, policy: FilterPolicy): boolean {
  return !isAlwaysDropped(evidence, truth, policy);
}

function isNoneOf(crops: readonly CropRef[]): (one: CropRef) => boolean {
  return ({ member, crop }) => !crops.some((other) => other.member === member && other.crop === crop);
}

function cropsWhere(evidence: PhotoEvidence, isWanted: (cell: CropEvidence | null) => boolean): readonly CropRef[] {
  return cropOrder(evidence.length).filter(({ member, crop }) => isWanted(evidence[member]?.[crop] ?? null));
}
