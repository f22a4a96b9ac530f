import type { NotCounting } from '../../status/standing.ts';
import { groupBy } from '../../kernel/group-by.ts';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import type { DecidedBy, Review, VerdictState } from '../../review/events/verdict.ts';
import type { ExportReason } from '../protocol.ts';
import type { Mode } from '../../kernel/mode.ts';

/** Origin and rights of one candidate of a photo. */
export interface Rights {
  readonly source: string;
  readonly sourceId: string;
  readonly url: string;
  readonly pageUrl: string | null;
  readonly creator: string | null;
  /** An SPDX id or expression, `Public-Domain`, `all-rights-reserved`, `unknown`, or a text of the source. */
  readonly licence: string;
  readonly licenceUrl: string | null;
  /** A day (UTC), as `2026-11-26`. */
  readonly foundOn: string;
}

/** A photo, for one class, that was listed or reviewed. Facts are null if it was taken down or never decided. */
export interface ExportCandidate {
  readonly sha256: Sha256;
  /** The class that the photo was searched as. */
  readonly wnid: Wnid;
  readonly rank: number | null;
  readonly confusionWnid: Wnid | null;
  /** 0..1 */
  readonly confusionProb: number | null;
  /** 0..1; null in mode O. */
  readonly maxTrueProb: number | null;
  /** Size of the original, in bytes. */
  readonly bytes: number | null;
  readonly state: VerdictState;
  readonly decidedBy: DecidedBy | null;
  readonly tags: readonly string[];
  readonly reviews: readonly Omit<Review, 'note'>[];
  /** Why the verdict does not count; null if it does. */
  readonly whyNot: NotCounting | null;
  /** The first other class for which the same bytes are accepted and listed; null: none. */
  readonly alsoAcceptedAs: Wnid | null;
  /** The candidates that brought the photo, those whose licence the collection allows first. */
  readonly rights: readonly Rights[];
}

/** A candidate with its place in the revision. */
export interface SelectedPhoto extends Omit<ExportCandidate, 'rights'> {
  /** Null if the revision contains the photo. */
  readonly leftOut: ExportReason | null;
  /** Those under which the photo is used, or the first. Null if the photo has no candidate any more. */
  readonly rights: Rights | null;
}

export interface SelectionRules {
  readonly mode: Mode;
  /** Photos of one confusion. */
  readonly cap: number;
  readonly isLicenceAllowed: (licence: string) => boolean;
}

/**
 * Chooses the photos of a revision from all candidates of one folder, in their order. A photo is in it if it is accepted, its
 * verdict counts, its licence is allowed, and it is accepted for one class only (mode O: the first of its concepts, by wnid).
 * At most `cap` photos of each confusion are taken, in the order of the shortlist.
 */
export function selectPhotos(candidates: readonly ExportCandidate[], rules: SelectionRules): SelectedPhoto[] {
  const selected = candidates.map((candidate) => selectOne(candidate, rules));
  const surplus = surplusOf(
    selected.filter(({ leftOut }) => leftOut === null),
    rules.cap,
  );
  return selected.map((photo) => (surplus.has(photo) ? { ...photo, leftOut: 'cap' } : photo));
}

function selectOne({ rights, ...candidate }: ExportCandidate, rules: SelectionRules): SelectedPhoto {
  const used = rights.find(({ licence }) => rules.isLicenceAllowed(licence));
  const leftOut = reasonOf(candidate, used !== undefined, rules.mode);
  return { ...candidate, rights: used ?? rights[0] ?? null, leftOut };
}

function reasonOf(
  { state, whyNot, alsoAcceptedAs, wnid }: Omit<ExportCandidate, 'rights'>,
  hasLicence: boolean,
  mode: Mode,
): ExportReason | null {
  if (state !== 'accepted') return state;
  if (whyNot !== null) return whyNot;
  if (!hasLicence) return 'licence';
  if (alsoAcceptedAs !== null && (mode === 'A' || alsoAcceptedAs < wnid)) return 'duplicate';
  return null;
}

/** The photos that come after the first `cap` of their confusion, by rank. */
function surplusOf(photos: readonly SelectedPhoto[], cap: number): ReadonlySet<SelectedPhoto> {
  const confusions = groupBy(photos, ({ wnid, confusionWnid }) => `${wnid} ${confusionWnid}`);
  return new Set([...confusions.values()].flatMap((ofOne) => ofOne.toSorted(byRank).slice(cap)));
}

const byRank = (a: SelectedPhoto, b: SelectedPhoto): number => (a.rank ?? 0) - (b.rank ?? 0);
