import type { Wnid } from '../../../kernel/ids.ts';

export interface ClassPlan {
  readonly wnid: Wnid;
  readonly titles: readonly string[];
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}
