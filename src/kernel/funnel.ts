import type { DroppedReason, FailedReason } from './reasons.ts';
import type { Mode } from './mode.ts';

/**
 * The outcomes of all candidates: `in = out + dropped + failed` at every stage.
 *
 *     found       = waiting + fetched + sum(dropped) + sum(failed)
 *     fetched     = duplicates + sum(decided)
 *     decided.kept = shortlisted + leftOut.cap + leftOut.nearDuplicate + leftOut.target + unlisted
 *     shortlisted = selected + rejected + unsure + disputed + unreviewed
 */
export type Totals = ReturnType<typeof emptyTotals>;

export function emptyTotals() {
  const dropped: Partial<Record<DroppedReason, number>> = {};
  const failed: Partial<Record<FailedReason, number>> = {};
  return {
    /** Candidates, in any state. */
    found: 0,
    waiting: 0,
    fetched: 0,
    dropped,
    failed,
    /** Fetched, but another candidate of the class had brought the same bytes before. */
    duplicates: 0,
    /** Photos (distinct bytes) of the class. Mode A: `correct`, `confident`. Mode O: `notConfident`, `otherClass`. */
    decided: {
      kept: 0,
      correct: 0,
      confident: 0,
      notConfident: 0,
      otherClass: 0,
      inReferenceSet: 0,
      undecided: 0,
      failed: 0,
    },
    shortlisted: 0,
    /** `target`: the class has as many photos as its target needs. */
    leftOut: { cap: 0, nearDuplicate: 0, target: 0 },
    /** Kept since the shortlist was last built. */
    unlisted: 0,
    /** Accepted by reviewers. */
    selected: 0,
    rejected: 0,
    unsure: 0,
    /** Reviewers disagree, and no later verdict has settled it. */
    disputed: 0,
    unreviewed: 0,
    /** Photos whose bytes were deleted because every collection has dropped them. */
    pruned: 0,
    /** Pruned photos that are undecided now, under other rules or for another class. */
    undecidedPruned: 0,
    /** Those of `decided.failed` that kill every process that evaluates them. The others cannot be decoded. */
    poisoned: 0,
  };
}

/** `winnow status --json`. */
export interface Funnel {
  readonly collection: string;
  readonly mode: Mode;
  readonly totals: Totals;
  /** If there are candidates of no class of the collection, the last one has `wnid: null`. */
  readonly classes: readonly (Totals & { readonly wnid: string | null; readonly name: string })[];
  readonly sources: readonly (Totals & { readonly source: string })[];
}
