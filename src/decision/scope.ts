import type { Wnid } from '../kernel/ids.ts';

/** Which photos a collection decides: fetched, of one of these classes, under one of these licences. */
export interface DecisionScope {
  readonly collectionId: number;
  /** Of the rules that can change decisions; a decision made under other rules does not count. Hex. */
  readonly decisionSha256: string;
  /** Sorted: the class list that evidence refers to. */
  readonly wnids: readonly Wnid[];
  readonly licences: 'any' | readonly string[];
}
