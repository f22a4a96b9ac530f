/** What the filter refuses (§3.1). Everything here can be changed afterwards: evidence stays, decisions are made anew. */
export interface Policy {
  /** A photo is dropped if p(true class) is strictly above this; in (0, 1). The paper's is 0.15. */
  readonly threshold: number;
  /** `max`: one crop suffices to drop (strict reading, default). `mean`: the mean softmax of a member's ten crops decides. */
  readonly aggregation: 'max' | 'mean';
  /** `any`: dropped if one member says so (the paper). `all`: only if every member does. */
  readonly members: 'any' | 'all';
}
