import type { ListRow } from '../source/list-columns.ts';
import {
  judgementOf,
  noteOf,
  reviewerOf,
  subjectOf,
  timeOf,
  type ImportedVerdict,
  type VerdictRules,
} from './imported-verdict.ts';

/** Rows of a table of verdicts that people or other tools have written. */

/** The columns of the table, by name. */
export const VERDICT_COLUMNS = ['sha256', 'wnid', 'verdict', 'reason', 'reviewer', 'note', 'at'] as const;
type VerdictColumn = (typeof VERDICT_COLUMNS)[number];

/** Reads one row, or says what is wrong with it, without its line. */
export function readVerdictRow(
  { line, error, values }: ListRow,
  rules: VerdictRules,
): ImportedVerdict | { readonly problem: string } {
  if (error !== null) return { problem: error };
  const text = (column: VerdictColumn): string => (values.get(column) ?? '').trim();
  const subject = subjectOf(text('sha256'), text('wnid'), rules);
  if ('problem' in subject) return subject;
  const judgement = judgementOf(text('verdict'), text('reason'), rules);
  if ('problem' in judgement) return judgement;
  const reviewer = reviewerOf(text('reviewer'), rules);
  if ('problem' in reviewer) return reviewer;
  const time = timeOf(text('at'));
  if ('problem' in time) return time;
  const note = noteOf(text('note'));
  if ('problem' in note) return note;
  return { line, ...subject, ...judgement, ...reviewer, ...note, ...time };
}
