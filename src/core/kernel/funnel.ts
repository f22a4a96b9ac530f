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
export interface Totals {
  /** Candidates, in any state. */
  found: number;
  waiting: number;
  fetched: number;
  dropped: Partial<Record<DroppedReason, number>>;
  failed: Partial<Record<FailedReason, number>>;
  /** Fetched, but another candidate of the class had brought the same bytes before. */
  duplicates: number;
  /** Photos (distinct bytes) of the class. Mode A: `correct`, `confident`. Mode O: `notConfident`, `otherClass`. */
  decided: {
    kept: number;
    correct: number;
    confident: number;
    notConfident: number;
    otherClass: number;
    inReferenceSet: number;
    undecided: number;
    failed: number;
  };
  shortlisted: number;
  /** `target`: the class has as many photos as its target needs. */
  leftOut: { cap: number; nearDuplicate: number; target: number };
  /** Kept since the shortlist was last built. */
  unlisted: number;
  /** Accepted by reviewers. */
  selected: number;
  rejected: number;
  unsure: number;
  /** Reviewers disagree, and no later verdict has settled it. */
  disputed: number;
  unreviewed: number;
  /** Photos whose bytes were deleted because every collection has dropped them. */
  pruned: number;
  /** Pruned photos that are undecided now, under other rules or for another class. */
  undecidedPruned: number;
  /** Those of `decided.failed` that kill every process that evaluates them. The others cannot be decoded. */
  poisoned: number;
}

/** One literal without spreads: a status makes one for each of 1,000 classes, and a server many statuses. */
export function emptyTotals(): Totals {
  return {
    found: 0,
    waiting: 0,
    fetched: 0,
    dropped: {},
    failed: {},
    duplicates: 0,
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
    leftOut: { cap: 0, nearDuplicate: 0, target: 0 },
    unlisted: 0,
    selected: 0,
    rejected: 0,
    unsure: 0,
    disputed: 0,
    unreviewed: 0,
    pruned: 0,
    undecidedPruned: 0,
    poisoned: 0,
  };
}

/** `winnow status --json`. */
export interface Funnel {
  readonly collection: string;
  readonly mode: Mode;
  readonly totals: Totals;
  /** Photos, each once, also if it is of several classes. */
  readonly distinctPhotos: number;
  /** If there are candidates of no class of the collection, the last one has `wnid: null`. */
  readonly classes: readonly (Totals & { readonly wnid: string | null; readonly name: string })[];
  readonly sources: readonly (Totals & { readonly source: string })[];
}
