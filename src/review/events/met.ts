import type { ReviewEvent, ReviewVerdict } from './event.ts';
import { standingJudgings, stateOf } from './verdict.ts';

/** Verdicts that met those of others which their author had not seen. An unsure one neither agrees nor differs. */
export interface Met {
  readonly agreeing: number;
  readonly differing: number;
  /** Those others. */
  readonly reviewers: readonly string[];
}

/** How a person's first verdict compares with what stood of others then; null if nothing did. */
export function metBy(reviewer: string, verdict: ReviewVerdict, before: readonly ReviewEvent[]): Met | null {
  const others = standingJudgings(before).filter((one) => one.reviewer !== reviewer);
  const last = new Map(others.map((one) => [one.reviewer, one.value.verdict]));
  if (last.size === 0) return null;
  const isDisputed = stateOf([verdict, ...last.values()]) === 'disputed';
  const isDiffering = verdict !== 'unsure' && isDisputed;
  const isAgreeing = verdict !== 'unsure' && !isDisputed && [...last.values()].includes(verdict);
  return { agreeing: Number(isAgreeing), differing: Number(isDiffering), reviewers: [...last.keys()] };
}

export function metTogether(met: readonly Met[]): Met {
  return {
    agreeing: met.reduce((sum, { agreeing }) => sum + agreeing, 0),
    differing: met.reduce((sum, { differing }) => sum + differing, 0),
    reviewers: [...new Set(met.flatMap(({ reviewers }) => reviewers))].toSorted(),
  };
}
