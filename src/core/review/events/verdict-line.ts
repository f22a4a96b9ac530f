import type { Subject } from './event.ts';
import type { ReviewedPhoto } from './review.repository.ts';
import { verdictOf, type Verdict } from './verdict.ts';

export interface VerdictLine extends Subject, Verdict {
  /** True if the photo is on the shortlist now. The verdict of another photo does not count. */
  readonly isListed: boolean;
}

export function toVerdictLine({ sha256, wnid, isListed, events }: ReviewedPhoto): VerdictLine {
  return { sha256, wnid, ...verdictOf(events), isListed };
}
