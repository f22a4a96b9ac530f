import type { Wnid } from '../../../kernel/ids.ts';

/** The taxa that are searched for one class. */
export interface ClassPlan {
  readonly wnid: Wnid;
  /** `Anisoptera (suborder, taxon 47927) without Zygoptera`. */
  readonly titles: readonly string[];
  /** Sentences about names that do not resolve. The other names are used. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}
