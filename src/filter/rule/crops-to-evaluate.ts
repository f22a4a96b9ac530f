import { mergeEvidence, type CropEvidence, type CropRef, type PhotoEvidence } from '../../models/evidence/evidence.ts';
import { cropOrder } from './crop-order.ts';
import { cropsMissing, isAlwaysDropped, type Truth } from './judge.ts';
import type { FilterPolicy } from './policy.ts';

/** The known evidence of a photo, and its classes. */
interface Known {
  readonly task: { readonly truths: readonly Truth[]; readonly evidence: PhotoEvidence };
  /** Evidence from this run, in addition to the stored evidence. */
  readonly fresh: PhotoEvidence;
  /** Crops that gave no finite numbers in this run: the same model gives the same result for the same crop. */
  readonly notFinite?: readonly CropRef[];
}

/**
 * The policies under which a photo must be decided. `all`: every crop is wanted, whether the photo is decided or not,
 * and everything that any other setting needs.
 */
interface Wanted {
  readonly policy: FilterPolicy;
  readonly alsoUnder?: readonly FilterPolicy[] | undefined;
  readonly evaluate: 'needed' | 'all';
}

/**
 * Crops that can still decide a photo for one of its classes under one of the policies, in `cropOrder`. Empty once it is
 * decided, or if no crop is left.
 */
export function cropsToEvaluate({ task, fresh, notFinite = [] }: Known, deps: Wanted): readonly CropRef[] {
  const evidence = mergeEvidence(task.evidence, fresh);
  for (const truth of task.truths) {
    for (const policy of [deps.policy, ...(deps.alsoUnder ?? [])]) {
      const missing = cropsMissing(evidence, truth, policy).filter(isNoneOf(notFinite));
      if (missing.length > 0) return missing;
    }
  }
  if (deps.evaluate === 'needed') return [];
  const open = cropsWhere(evidence, (cell) => cell === null || cell.isBound === true).filter(isNoneOf(notFinite));
  if (open.length > 0) return open;
  // Only when every crop has been evaluated is it clear which ones must run again because their logits were not stored.
  const isTold = task.truths.every((truth) => isAlwaysDropped(evidence, truth, deps.policy));
  return isTold ? [] : cropsWhere(evidence, (cell) => cell?.logits === null).filter(isNoneOf(notFinite));
}

function isNoneOf(crops: readonly CropRef[]): (one: CropRef) => boolean {
  return ({ member, crop }) => !crops.some((other) => other.member === member && other.crop === crop);
}

function cropsWhere(evidence: PhotoEvidence, isWanted: (cell: CropEvidence | null) => boolean): readonly CropRef[] {
  return cropOrder(evidence.length).filter(({ member, crop }) => isWanted(evidence[member]?.[crop] ?? null));
}
