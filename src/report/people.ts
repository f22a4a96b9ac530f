import type { ReviewerLine } from '../review/people/people.ts';
import type { ReportedReviewer, ReviewerPace } from './report.ts';

/** Replaces the names of reviewers by pseudonyms. Those with the most verdicts come first. Imported verdicts have no pace. */
export function withoutNames(paces: readonly ReviewerPace[], people: readonly ReviewerLine[]): ReportedReviewer[] {
  const paceOf = new Map(paces.map((pace) => [pace.reviewer, pace]));
  return people
    .map(({ reviewer, ...line }) => ({ verdicts: 0, medianSeconds: null, ...paceOf.get(reviewer), ...line }))
    .toSorted((a, b) => b.verdicts - a.verdicts)
    .map((row, i) => ({ ...row, reviewer: `reviewer-${i + 1}` }));
}
