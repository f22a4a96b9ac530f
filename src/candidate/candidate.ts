import { quote } from '../config/quote.ts';
import type { Wnid } from '../kernel/ids.ts';
import type { DroppedReason } from '../kernel/reasons.ts';
import { isLicenceAllowed } from '../source/licence.ts';
import type { FoundPhoto } from '../source/source.ts';

/** A photo seen at a source, for one class, with the rights that travel with it. */
export interface NewCandidate extends Omit<FoundPhoto, 'label'> {
  /** The class; the label as given where it names none. */
  readonly wnid: Wnid;
  /** A rule of the collection refuses this candidate, though the picture could be had. */
  readonly refusal: { readonly reason: DroppedReason; readonly detail: string } | null;
  /** The query that found it, for network sources. */
  readonly queryId: number | null;
}

/** How many candidates were refused, or can be seen to be of no use, by reason. */
export interface RefusalCounts {
  readonly dropped: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
}

export function countRefusals(candidates: readonly NewCandidate[]): RefusalCounts {
  const counts: { dropped: Record<string, number>; failed: Record<string, number> } = { dropped: {}, failed: {} };
  for (const { refusal, problem } of candidates) {
    const reason = refusal?.reason ?? problem?.reason;
    if (reason === undefined) continue;
    const ofState = counts[refusal === null && problem !== null ? problem.state : 'dropped'];
    ofState[reason] = (ofState[reason] ?? 0) + 1;
  }
  return counts;
}

/** Which classes or concepts are wanted: a set of them, or a rule. */
export type WnidFilter = Pick<ReadonlySet<Wnid>, 'has'>;

/** The same for the catalogue: these classes or concepts, or any concept that is none of these classes. */
export type WnidScope = readonly Wnid[] | { readonly allBut: readonly Wnid[] };

/** What a collection wants of a source. */
export interface CandidateRules {
  /** Names a class: a wnid, or a name that only one class has. */
  resolveLabel(
    label: string,
  ): { readonly ok: true; readonly wnid: Wnid } | { readonly ok: false; readonly detail: string };
  /** The collection's classes or concepts. */
  readonly wnids: WnidFilter;
  readonly licences: 'any' | readonly string[];
}

/** Turns what a source found into a candidate of a class, or into one that is refused, with the reason. */
export function candidateOf(found: FoundPhoto, rules: CandidateRules, queryId: number | null = null): NewCandidate {
  const { label, ...rest } = found;
  const photo = { ...rest, queryId };
  const resolved = rules.resolveLabel(label);
  if (!resolved.ok) {
    // What could not be read names no class: why it could not is what there is to say.
    const detail = label === '' ? (photo.problem?.detail ?? resolved.detail) : resolved.detail;
    return { ...photo, wnid: label, refusal: { reason: 'unknown-class', detail } };
  }
  const { wnid } = resolved;
  if (!rules.wnids.has(wnid)) {
    const named = label === wnid ? wnid : `${quote(label)} is ${wnid}, which`;
    return {
      ...photo,
      wnid,
      refusal: { reason: 'unknown-class', detail: `${named} is not one of this collection` },
    };
  }
  if (!isLicenceAllowed(photo.licence, rules.licences)) {
    return { ...photo, wnid, refusal: { reason: 'licence-not-allowed', detail: photo.licence } };
  }
  return { ...photo, wnid, refusal: null };
}
