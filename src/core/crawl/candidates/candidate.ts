import { quote } from '../../tools/quote.ts';
import type { Wnid } from '../../kernel/ids.ts';
import type { DroppedReason } from '../../kernel/reasons.ts';
import { isLicenceAllowed } from '../../collection/licence.ts';
import type { FoundPhoto } from '../sources/source.ts';

export interface NewCandidate extends Omit<FoundPhoto, 'label'> {
  /** The class. If the label names no class, the label as given. */
  readonly wnid: Wnid;
  readonly refusal: { readonly reason: DroppedReason; readonly detail: string } | null;
  /** The query that found it. Null for sources that are not queried. */
  readonly queryId: number | null;
}

export interface RefusalCounts {
  readonly dropped: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** Usable photos without a day of upload. */
  readonly undated: number;
}

export function countRefusals(candidates: readonly NewCandidate[]): RefusalCounts {
  const counts: Record<'dropped' | 'failed', Record<string, number>> = { dropped: {}, failed: {} };
  let undated = 0;
  for (const { refusal, problem, uploadedAt = null } of candidates) {
    const reason = refusal?.reason ?? problem?.reason;
    if (reason === undefined) {
      if (uploadedAt === null) undated += 1;
      continue;
    }
    const ofState = counts[refusal === null && problem !== null ? problem.state : 'dropped'];
    ofState[reason] = (ofState[reason] ?? 0) + 1;
  }
  return { ...counts, undated };
}

/** Says which classes or concepts are wanted: a set of them, or a rule. */
export type WnidFilter = Pick<ReadonlySet<Wnid>, 'has'>;

/** The same in a form for SQL: these classes or concepts, or any concept except these classes. */
export type WnidScope = readonly Wnid[] | { readonly allBut: readonly Wnid[] };

export interface CandidateRules {
  /** Finds the class of a label: a wnid, or a name that only one class has. */
  resolveLabel(
    label: string,
  ): { readonly ok: true; readonly wnid: Wnid } | { readonly ok: false; readonly detail: string };
  readonly wnids: WnidFilter;
  readonly licences: 'any' | readonly string[];
  /** The first day of upload. Photos without a day are taken. Null or absent: any. */
  readonly since?: string | null | undefined;
}

export function candidateOf(found: FoundPhoto, rules: CandidateRules, queryId: number | null = null): NewCandidate {
  const { label, ...photo } = found;
  const resolved = rules.resolveLabel(label);
  const refused = (reason: DroppedReason, detail: string): NewCandidate => {
    return { ...photo, queryId, wnid: resolved.ok ? resolved.wnid : label, refusal: { reason, detail } };
  };
  // An entry that could not be read names no class, so the detail says why it could not be read.
  if (!resolved.ok) return refused('unknown-class', (label === '' && photo.problem?.detail) || resolved.detail);
  const { wnid } = resolved;
  if (!rules.wnids.has(wnid)) {
    const named = label === wnid ? wnid : `${quote(label)} is ${wnid}, which`;
    return refused('unknown-class', `${named} is not one of this collection`);
  }
  if (!isLicenceAllowed(photo.licence, rules.licences)) return refused('licence-not-allowed', photo.licence);
  const { uploadedAt = null } = photo;
  if (isBefore(uploadedAt, rules.since)) return refused('too-old', `uploaded ${uploadedAt}`);
  return { ...photo, queryId, wnid, refusal: null };
}

function isBefore(day: string | null, since: string | null = null): boolean {
  return day !== null && since !== null && day < since;
}
