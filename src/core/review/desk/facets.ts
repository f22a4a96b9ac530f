import type { Sha256, Wnid } from '../../kernel/ids.ts';
import type { RejectReason } from '../../kernel/reasons.ts';
import type { ShownState } from './desk.ts';

/**
 * `GET facets?FILTER`. The counts of one part of the filter do not depend on that part: so a reviewer sees what another
 * choice would show.
 */
export interface PhotoFacets {
  readonly states: Readonly<Record<ShownState, number>>;
  readonly sources: Readonly<Record<string, number>>;
  readonly reasons: Readonly<Partial<Record<RejectReason, number>>>;
  readonly tags: Readonly<Record<string, number>>;
  /** The classes that the models predict, most photos first, at most 200. */
  readonly predicted: readonly { readonly wnid: Wnid; readonly name: string; readonly photos: number }[];
  readonly flagged: number;
  /** Confusions that can take more accepted photos and have open ones. The emptiest quota first, at most 20. */
  readonly confusions: readonly OpenConfusion[];
}

export interface OpenConfusion {
  readonly wnid: Wnid;
  readonly name: string;
  readonly confusionWnid: Wnid;
  readonly confusionName: string;
  readonly open: number;
  readonly accepted: number;
}

/** `GET covers`: the first listed photos of each class. */
export type ClassCovers = Readonly<Record<Wnid, readonly Sha256[]>>;
