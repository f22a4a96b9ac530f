import type { Collection } from '../../collection/collection.ts';

/** The rules of the filter in mode A (§3.1). They can be changed later: evidence stays, and photos are decided again. */
export interface Policy {
  readonly mode?: 'A';
  /** A photo is dropped if p(true class) is strictly above this; in (0, 1). The paper's is 0.15. */
  readonly threshold: number;
  /** `max`: one crop suffices to drop (strict reading, default). `mean`: the mean softmax of a member's ten crops decides. */
  readonly aggregation: 'max' | 'mean';
  /** `any`: one member suffices to drop (the paper). `all`: every member must agree. */
  readonly members: 'any' | 'all';
  /** Position of a member that has no say. Such a policy counts what the others would keep; it needs no confusions. */
  readonly without?: number;
}

/** Mode O (§3.1, ImageNet-O) keeps photos of other things, for which the first member is nevertheless confident. */
export interface ModeOPolicy {
  readonly mode: 'O';
  /** Kept only if the score is at least this; in [0, 1]. The released set's lowest is 0.9055. */
  readonly minConfidence: number;
  /** The classes that a kept photo must be taken for, as positions in the class list of the evidence. */
  readonly predictable: readonly number[];
}

export type FilterPolicy = Policy | ModeOPolicy;

export function filterPolicy({ mode, policy, classes, evidenceClasses }: Collection): FilterPolicy {
  const { threshold, aggregation, members, minConfidence } = policy;
  if (mode === 'A') return { mode, threshold, aggregation, members };
  const position = new Map(evidenceClasses.wnids.map((wnid, i) => [wnid, i]));
  return { mode, minConfidence, predictable: classes.wnids.map((wnid) => position.get(wnid) ?? -1) };
}
