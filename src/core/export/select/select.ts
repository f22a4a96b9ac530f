import type { NotCounting } from '../../status/not-counting.ts';
import { groupBy } from '../../kernel/group-by.ts';
import type { PhotoFacts } from '../../crawl/sources/source.ts';
import type { Wnid } from '../../kernel/ids.ts';
import type { DecidedBy, Review, VerdictState } from '../../review/events/verdict.ts';
import type { PhotoOfClass } from '../../shortlist/photo-of-class.repository.ts';
import type { ExportReason } from '../protocol.ts';
import type { Mode } from '../../kernel/mode.ts';
import { MODES } from '../../collection/modes.ts';

/** `control`: the filter dropped the photo as `correct`. */
export type Split = 'test' | 'control';

export interface ExportCandidate extends PhotoOfClass<null>, PhotoFacts {
  readonly bytes: number | null;
  readonly state: VerdictState;
  readonly decidedBy: DecidedBy | null;
  /** Further classes that are clearly visible, sorted. */
  readonly alsoWnids: readonly Wnid[];
  readonly tags: readonly string[];
  readonly reviews: readonly Omit<Review, 'note'>[];
  /** As `drawChance`: 0 if the photo had its second verdict before the last draw; null if the second pass did not draw it. */
  readonly chance: number | null;
  readonly split: Split;
  /** The photo was decided on imported evidence, at least in part. */
  readonly isImported: boolean;
  /** Why the verdict does not count; null if it does. */
  readonly whyNot: Exclude<NotCounting, 'crawl-sample'> | null;
  /** The first other class for which the same bytes are accepted and listed; null: none. */
  readonly alsoAcceptedAs: Wnid | null;
}

export interface SelectedPhoto extends ExportCandidate {
  /** Null if the revision contains the photo. */
  readonly leftOut: ExportReason | null;
  readonly folder: string;
}

export interface SelectionRules {
  readonly mode: Mode;
  readonly folder: string;
  readonly cap: number;
  readonly isLicenceAllowed: (licence: string) => boolean;
}

/**
 * Chooses the photos of a revision from all candidates of one folder, in their order. A photo is in it if it is
 * accepted, its verdict counts, its licence is allowed, and it is accepted for one class only (mode O: the first of its
 * concepts, by wnid). At most `cap` photos of each confusion are taken, by rank. Controls have no cap, and are left out of a
 * folder without other photos: models are compared on the same classes.
 */
export function selectPhotos(candidates: readonly ExportCandidate[], rules: SelectionRules): SelectedPhoto[] {
  const selected = candidates.map((candidate): SelectedPhoto => ({
    ...candidate,
    leftOut: reasonOf(candidate, rules),
    folder: rules.folder,
  }));
  const ofSet = selected.filter(({ leftOut, split }) => leftOut === null && split === 'test');
  const surplus = surplusOf(ofSet, rules.cap);
  return selected.map((photo) => {
    if (surplus.has(photo)) return { ...photo, leftOut: 'cap' };
    const isAlone = ofSet.length === 0 && photo.leftOut === null;
    return isAlone ? { ...photo, leftOut: 'left-out' } : photo;
  });
}

function reasonOf(
  { state, whyNot, alsoAcceptedAs, wnid, rights }: ExportCandidate,
  { mode, isLicenceAllowed }: SelectionRules,
): ExportReason | null {
  if (state !== 'accepted') return state;
  if (whyNot !== null && whyNot !== 'control') return whyNot;
  if (rights === null || !isLicenceAllowed(rights.licence)) return 'licence';
  if (alsoAcceptedAs !== null && (MODES[mode].showsClass || alsoAcceptedAs < wnid)) return 'duplicate';
  return null;
}

function surplusOf(photos: readonly SelectedPhoto[], cap: number): ReadonlySet<SelectedPhoto> {
  const confusions = groupBy(photos, ({ wnid, confusionWnid }) => `${wnid} ${confusionWnid}`);
  return new Set([...confusions.values()].flatMap((ofOne) => ofOne.toSorted(byRank).slice(cap)));
}

const byRank = (a: SelectedPhoto, b: SelectedPhoto): number => (a.rank ?? 0) - (b.rank ?? 0);
