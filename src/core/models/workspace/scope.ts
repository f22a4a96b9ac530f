import type { WnidScope } from '../../crawl/candidates/candidate.ts';
import type { Wnid } from '../../kernel/ids.ts';
import type { Mode } from '../../kernel/mode.ts';

/** The photos that a collection decides: fetched, of one of these classes (or concepts), under one of these licences. */
export interface DecisionScope {
  readonly collectionId: number;
  /** Hash, in hex, of the rules that can change decisions. A decision under other rules does not count. */
  readonly decisionSha256: string;
  /** Sorted: the class list that evidence refers to. */
  readonly wnids: readonly Wnid[];
  /** Mode A: what the photos are candidates of, each one of `wnids`; by default all of `wnids`. */
  readonly classes?: readonly Wnid[];
  /** Mode O: what the photos are candidates of. Undefined in mode A. */
  readonly concepts?: ConceptScope;
  readonly licences: 'any' | readonly string[];
}

export function candidateWnids(scope: DecisionScope): WnidScope {
  const { concepts } = scope;
  if (concepts === undefined) return scope.classes ?? scope.wnids;
  return concepts.only ?? { allBut: concepts.not };
}

export interface ConceptScope {
  /** Null for all. */
  readonly only: readonly Wnid[] | null;
  /** Classes that cannot be concepts, because the model knows them. */
  readonly not: readonly Wnid[];
}

interface CollectionLists {
  readonly classes: readonly Wnid[];
  /** Null for all. */
  readonly concepts: readonly Wnid[] | null;
  readonly among: readonly Wnid[];
}

export const CANDIDATES: Readonly<
  Record<Mode, (lists: CollectionLists) => Pick<DecisionScope, 'classes' | 'concepts'>>
> = {
  A: ({ classes }) => ({ classes }),
  O: ({ concepts, among }) => ({ concepts: { only: concepts, not: among } }),
};
