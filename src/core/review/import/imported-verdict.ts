import { didYouMean } from '../../tools/nearest.ts';
import { quote } from '../../tools/quote.ts';
import { isSha256 } from '../../kernel/ids.ts';
import { isStorable, STORABLE_RULE } from '../../crawl/sources/text.ts';
import { REVIEW_VERDICTS, type Judgement, type Subject } from '../events/event.ts';
import { EVENT_TIME_RULE, isEventTime } from '../events/event-time.ts';
import type { Mode } from '../../kernel/mode.ts';
import { REVIEW_MODES } from '../modes.ts';

export interface ImportedVerdict extends Subject, Judgement {
  /** From 1: the line of a table, or the place of a task or sample in its file. */
  readonly line: number;
  /** The other tool's name for it: `task 7`, `sample 65a0…`. Not set in a table. */
  readonly item?: string | undefined;
  readonly reviewer: string;
  readonly note: string;
  readonly at: string | undefined;
}

export interface ReadVerdicts {
  readonly verdicts: readonly ImportedVerdict[];
  readonly unanswered: number;
  /** Skipped tasks, once for each person who skipped them. */
  readonly skipped: number;
}

export interface VerdictsAndProblems extends ReadVerdicts {
  readonly problems: readonly string[];
}

export interface VerdictRules {
  readonly mode: Mode;
  readonly resolveClass: (
    label: string,
  ) => { readonly ok: true; readonly wnid: string } | { readonly ok: false; readonly detail: string };
  readonly reviewer?: string | undefined;
}

export interface Problem {
  readonly problem: string;
}

interface GivenVerdict extends Pick<ImportedVerdict, 'line' | 'item' | 'wnid' | 'reviewer' | 'note'> {
  readonly sha256: string;
  readonly judgement: Judgement | Problem;
  readonly at: string;
}

/** The verdict that a file gives, or the first thing that is wrong with it. Empty texts: the file does not say. */
export function importedVerdict({ judgement, ...given }: GivenVerdict, rules: VerdictRules): ImportedVerdict | Problem {
  const subject = subjectOf(given.sha256, given.wnid, rules);
  if ('problem' in subject) return subject;
  if ('problem' in judgement) return judgement;
  const reviewer = reviewerOf(given.reviewer, rules);
  if ('problem' in reviewer) return reviewer;
  const time = timeOf(given.at);
  if ('problem' in time) return time;
  if (!isStorable(given.note)) return unstorable('note', given.note);
  return { ...given, ...subject, ...judgement, ...reviewer, ...time };
}

function subjectOf(sha256: string, wnid: string, { resolveClass }: VerdictRules): Subject | Problem {
  const lower = sha256.toLowerCase();
  if (!isSha256(lower)) return { problem: `expected 64 hex digits for sha256 but received ${quote(sha256)}` };
  if (!isStorable(wnid)) return unstorable('wnid', wnid);
  const resolved = resolveClass(wnid);
  if (!resolved.ok) return { problem: `expected a class of the collection for wnid but ${resolved.detail}` };
  return { sha256: lower, wnid: resolved.wnid };
}

export function judgementOf(verdict: string, reason: string, { mode }: VerdictRules): Judgement | Problem {
  const known = REVIEW_VERDICTS.find((one) => one === verdict.toLowerCase());
  if (known === undefined)
    return { problem: `expected accept, reject or unsure for verdict but received ${quote(verdict)}` };
  if (reason === '') return { verdict: known, reason: null };
  const { reasons } = REVIEW_MODES[mode];
  const knownReason = reasons.find((one) => one === reason);
  if (knownReason === undefined)
    return {
      problem: `expected one of ${reasons.join(', ')} for reason but received ${quote(reason)}.${didYouMean(reason, reasons)}`,
    };
  if (known !== 'reject') return { problem: `expected no reason beside '${known}' but received ${quote(reason)}` };
  return { verdict: known, reason: knownReason };
}

const UNNAMED_REVIEWER = 'import';

const LONGEST_NAME = 100;

function reviewerOf(text: string, rules: VerdictRules): { readonly reviewer: string } | Problem {
  if (!isStorable(text)) return unstorable('reviewer', text);
  const reviewer = text || (rules.reviewer ?? UNNAMED_REVIEWER);
  if (reviewer.length <= LONGEST_NAME) return { reviewer };
  return { problem: `expected at most ${LONGEST_NAME} characters for reviewer but received ${quote(reviewer)}` };
}

function unstorable(column: string, text: string): Problem {
  return { problem: `expected ${STORABLE_RULE} for ${column} but received ${quote(text)}` };
}

/** A date and time with a zone. Without a zone it would mean another moment on each machine. */
const WITH_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/;

function timeOf(text: string): { readonly at: string | undefined } | Problem {
  if (text === '') return { at: undefined };
  const time = new Date(text);
  if (!WITH_ZONE.test(text) || Number.isNaN(time.getTime()))
    return {
      problem: `expected a time with its zone for at, such as 2026-11-26T14:30:00Z, but received ${quote(text)}`,
    };
  if (isEventTime(time)) return { at: time.toISOString() };
  return { problem: `expected ${EVENT_TIME_RULE} for at but received ${quote(text)}` };
}
