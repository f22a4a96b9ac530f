import type { Wnid } from '../../kernel/ids.ts';

/** What is looked for, for one class. */
export interface ClassPlan {
  readonly wnid: Wnid;
  /** `Anisoptera (suborder, taxon 47927) without Zygoptera`. */
  readonly titles: readonly string[];
  /** Names that do not resolve, as sentences; the others go on. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}
