import { quote } from '../config/quote.ts';
import { didYouMean } from '../config/nearest.ts';
import { isSha256 } from '../kernel/ids.ts';
import { MODE_O_REJECT_REASONS, REJECT_REASONS } from '../kernel/reasons.ts';
import type { ListRow } from '../source/list-columns.ts';
import { wellFormed } from '../source/text.ts';
import { REVIEW_VERDICTS, type Judgement, type Subject } from './event.ts';

/** Rows of a table of verdicts that people or other tools have written. */

/** A row of such a table. */
export interface ImportedVerdict extends Subject, Judgement {
  /** From 1. */
  readonly line: number;
  readonly reviewer: string;
  readonly note: string;
  /** ISO 8601; undefined if the table does not say. */
  readonly at: string | undefined;
}

/** The columns of the table, by name. */
export const VERDICT_COLUMNS = ['sha256', 'wnid', 'verdict', 'reason', 'reviewer', 'note', 'at'] as const;
type VerdictColumn = (typeof VERDICT_COLUMNS)[number];

/** The reviewer's name in a table without the column `reviewer`. */
const UNNAMED_REVIEWER = 'import';

const LONGEST_NAME = 100;

export interface VerdictRules {
  readonly mode: 'A' | 'O';
  readonly resolveClass: (
    label: string,
  ) => { readonly ok: true; readonly wnid: string } | { readonly ok: false; readonly detail: string };
}

/** Reads one row, or says what is wrong with it, without its line. */
export function readVerdictRow(
  { line, error, values }: ListRow,
  { mode, resolveClass }: VerdictRules,
): ImportedVerdict | { readonly problem: string } {
  if (error !== null) return { problem: error };
  const text = (column: VerdictColumn): string => (values.get(column) ?? '').trim();
  const sha256 = text('sha256').toLowerCase();
  if (!isSha256(sha256)) return { problem: `expected 64 hex digits for sha256 but received ${quote(text('sha256'))}` };
  const resolved = resolveClass(text('wnid'));
  if (!resolved.ok) return { problem: `expected a class of the collection for wnid but ${resolved.detail}` };
  const judgement = judgementOf(text('verdict'), text('reason'), mode);
  if ('problem' in judgement) return judgement;
  const reviewer = wellFormed(text('reviewer')) || UNNAMED_REVIEWER;
  if (reviewer.length > LONGEST_NAME)
    return { problem: `expected at most ${LONGEST_NAME} characters for reviewer but received ${quote(reviewer)}` };
  const at = text('at');
  const time = at === '' ? undefined : timeOf(at);
  if (time === null)
    return { problem: `expected a time with its zone for at, such as 2026-11-26T14:30:00Z, but received ${quote(at)}` };
  return { line, sha256, wnid: resolved.wnid, ...judgement, reviewer, note: wellFormed(text('note')), at: time };
}

function judgementOf(verdict: string, reason: string, mode: 'A' | 'O'): Judgement | { readonly problem: string } {
  const known = REVIEW_VERDICTS.find((one) => one === verdict.toLowerCase());
  if (known === undefined)
    return { problem: `expected accept, reject or unsure for verdict but received ${quote(verdict)}` };
  if (reason === '') return { verdict: known, reason: null };
  const reasons = mode === 'A' ? REJECT_REASONS : MODE_O_REJECT_REASONS;
  const knownReason = reasons.find((one) => one === reason);
  if (knownReason === undefined)
    return {
      problem: `expected one of ${reasons.join(', ')} for reason but received ${quote(reason)}.${didYouMean(reason, reasons)}`,
    };
  if (known !== 'reject') return { problem: `expected no reason beside '${known}' but received ${quote(reason)}` };
  return { verdict: known, reason: knownReason };
}

/** A date and time with a zone. Without a zone it would mean another moment on each machine. */
const WITH_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/;

function timeOf(text: string): string | null {
  const time = new Date(text);
  return WITH_ZONE.test(text) && !Number.isNaN(time.getTime()) ? time.toISOString() : null;
}
