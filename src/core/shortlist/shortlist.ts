import type { LeftOutReason } from '../kernel/reasons.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import type { FineHash } from '../photo/hashes/fine-hash.ts';
import { withMatches } from '../photo/hashes/fingerprint-index.ts';
import { parseHash } from '../photo/hashes/perceptual-hash.ts';
import { Twins, type TwinMeasure } from './twins.ts';

/** `pending`: a second, blind verdict is wanted. Until then the list must not show the first one. */
export type ReviewedAs = 'accepted' | 'rejected' | 'unsure' | 'disputed' | 'pending';

export interface Fingerprinted {
  readonly sha256: Sha256;
  readonly wnid: Wnid;
  /** 64-bit DCT perceptual hash, 16 lower-case hex digits. */
  readonly perceptualHash: string;
  /** Confirms a match of the perceptual hash. Left out if it is unknown, or no perceptual hash of its class matches. */
  readonly fineHash?: FineHash;
}

export interface KeptPhoto extends Fingerprinted {
  /** The largest p of the class searched as over members and crops, 0..1; null in mode O. */
  readonly maxTrueProb: number | null;
  readonly confusionWnid: Wnid;
  /** The mean p(confusion) over members and crops (mode O: over the first member's), 0..1. */
  readonly confusionProb: number;
  /** Unit vector of its features, if photos are compared by features and it has any. */
  readonly features?: Float32Array;
  readonly reviewedAs?: ReviewedAs | null;
  /** A sample of the crawl drew it while it was not listed. It is ranked as if it had not been reviewed. */
  readonly isDrawn?: boolean;
  /** Sources have copies of each other's photos. Those of one original have the same text here; null: no other source has it. */
  readonly original?: string | null;
  /** Rises in the order in which photos were found. */
  readonly foundAs?: number;
}

export interface ShortlistPolicy {
  /** Listed photos per class and confusion, at least 1. */
  readonly cap: number;
  /** Bits, 0..64: photos whose hashes differ in at most this many are the same picture, if their finer hashes confirm it. */
  readonly nearDuplicateDistance: number;
  /** Photos whose features have at least this cosine similarity are also the same picture. If null, features are not compared. */
  readonly nearDuplicateCosine?: number | null;
  /** Accepted plus unreviewed photos of a class, at least 1, at which no more unreviewed ones are listed. If null, no limit. */
  readonly target?: number | null;
  /** Controls per class. Default: 0. */
  readonly controls?: number;
}

/** Negative if the first photo precedes the second. sha256 breaks ties, so the order is always total. */
export type PhotoOrder = (a: KeptPhoto, b: KeptPhoto) => number;

/** Mode A: the photo whose class the models find least likely comes first. */
export const LEAST_TRUE_FIRST: PhotoOrder = (a, b) => (a.maxTrueProb ?? 0) - (b.maxTrueProb ?? 0);

/** Mode O: the photo with the most confident prediction comes first. */
export const SUREST_FIRST: PhotoOrder = (a, b) => b.confusionProb - a.confusionProb;

/** One kept photo of one class, listed or left out and why; a control, or drawn from the crawl. `ROW_COLUMNS` has the order of `shortlist --json`. */
export interface ShortlistRow extends Pick<
  KeptPhoto,
  'wnid' | 'sha256' | 'confusionWnid' | 'maxTrueProb' | 'confusionProb'
> {
  /** 1, 2, ... within the class; null if left out. */
  readonly rank: number | null;
  /**
   * Reviewers see among the listed photos: `control`, which the filter dropped as `correct` (`controls.ts`), and `crawl-sample`
   * (`crawl-sample.ts`).
   */
  readonly state: 'listed' | 'left-out' | 'control' | 'crawl-sample';
  /** Also of a photo of the crawl sample that the filter keeps. */
  readonly reason: LeftOutReason | null;
  /** For a near-duplicate, the listed photo of the same class that represents it; otherwise null. */
  readonly twinSha256: Sha256 | null;
  /** How the twin was found; null without one. Left out if only hashes are compared. */
  readonly twinBy?: TwinMeasure | null;
  /** The other classes in which the same bytes are listed, sorted. Also set for rows that are left out. */
  readonly alsoIn: readonly Wnid[];
}

/** Typed by the record's keys, so that a renamed field fails to compile here. */
export const ROW_COLUMNS = [
  'rank',
  'wnid',
  'sha256',
  'state',
  'reason',
  'twinSha256',
  'confusionWnid',
  'maxTrueProb',
  'confusionProb',
  'alsoIn',
] as const satisfies readonly (keyof ShortlistRow)[];

/** `kept = listed + leftOut.cap + leftOut.nearDuplicate + leftOut.target`, always. */
export interface ShortlistCounts {
  readonly kept: number;
  readonly listed: number;
  readonly leftOut: { readonly cap: number; readonly nearDuplicate: number; readonly target: number };
}

export function byClass<Photo extends Fingerprinted>(photos: Iterable<Photo>): Photo[][] {
  const classes = [...groupBy(photos, ({ wnid }) => wnid)];
  return classes.toSorted(([a], [b]) => compareText(a, b)).map(([, ofClass]) => ofClass);
}

/**
 * The shortlist of one class (protocol, mode A: "Shortlist", and "Review"), with `alsoIn` still empty.
 *
 * Photos that were reviewed (accepted, rejected, unsure, disputed or pending) are all listed, whatever the cap, the target and their
 * near-duplicates say. So they keep their place when a later crawl brings better ones. Photos that were reviewed only for the sample of
 * the crawl take part as if they were unreviewed.
 *
 * Copies of one original that several sources have are never listed together: one that was reviewed stands for them, otherwise the
 * one found first. The others share its fate, as its near-duplicates if it is listed.
 *
 * The other photos are walked in their order. Each meets three tests, in this sequence:
 * 1. within `nearDuplicateDistance` of a reviewed photo, or of one that the walk has listed for the class, under any confusion,
 *    and confirmed by the finer hash; or by its features at least `nearDuplicateCosine` like one: left out as `near-duplicate`.
 *    Its twin is the earliest reviewed one of those, else the earliest listed, not the closest: the one that ranks best, and
 *    would still stand there if later ones had not been crawled. A copy of a rejected photo is also left out: a person
 *    has seen that picture.
 * 2. its cap is full: left out as `cap`. There is one cap for each predicted class (paper, section 3.1; in mode O our
 *    addition). Rejected photos do not count. The other reviewed ones do, so they may overfill it.
 * 3. accepted, pending and unreviewed photos on the list reach `target`: left out as `target`. Unsure and disputed photos do not count,
 *    since they may still be rejected.
 *
 * So a photo over the cap is never listed and never a twin, a near-duplicate uses up no place, and the copy of
 * a listed photo is reported as such even if it is also over the cap. Every rejection makes a place that the next
 * build fills from the walk. A class with kept photos has a shortlist. Ranks follow the order of the photos, reviewed or not.
 * The result depends on the photos and verdicts alone, not on when they came.
 */
export function shortlistClass(
  photos: readonly KeptPhoto[],
  policy: ShortlistPolicy,
  order: PhotoOrder = LEAST_TRUE_FIRST,
): ShortlistRow[] {
  const listed: ShortlistRow[] = [];
  const leftOut: ShortlistRow[] = [];
  const measured = (policy.nearDuplicateCosine ?? null) !== null;
  const inOrder = photos.toSorted((a, b) => order(a, b) || compareText(a.sha256, b.sha256));
  const twins = new Twins<KeptPhoto>(policy);
  const places = new Places(policy);
  const take = (photo: KeptPhoto): void => {
    twins.add(photo);
    places.take(photo);
  };
  inOrder.filter(isReviewed).forEach(take);
  const copies = copiesOf(inOrder);
  for (const photo of inOrder.filter((one) => !copies.has(one))) {
    const found = isReviewed(photo) ? null : twins.find(photo);
    const full = isReviewed(photo) ? null : places.fullFor(photo);
    if (found !== null) {
      const twinBy = measured ? { twinBy: found.by } : {};
      leftOut.push({ ...rowOf(photo, { reason: 'near-duplicate', twinSha256: found.twin.sha256 }), ...twinBy });
    } else if (full !== null) {
      leftOut.push(rowOf(photo, { reason: full }));
    } else {
      listed.push(rowOf(photo, { rank: listed.length + 1, state: 'listed' }));
      if (!isReviewed(photo)) take(photo);
    }
  }
  const rows = withCopies([...listed, ...leftOut], copies);
  return rows.map((row) => (measured ? { ...row, twinBy: row.twinBy ?? null } : row));
}

const isReviewed = ({ reviewedAs = null, isDrawn = false }: KeptPhoto): boolean => reviewedAs !== null && !isDrawn;

/** Unreviewed copies of an original that another photo stands for, each with that photo. */
function copiesOf(photos: readonly KeptPhoto[]): ReadonlyMap<KeptPhoto, KeptPhoto> {
  const groups = groupBy(photos, ({ original = null, sha256 }) => original ?? sha256);
  const pairs = [...groups.values()].flatMap((group) => {
    const [first, ...others] = group.toSorted(
      (a, b) => Number(isReviewed(b)) - Number(isReviewed(a)) || (a.foundAs ?? 0) - (b.foundAs ?? 0),
    );
    return first === undefined ? [] : others.filter((one) => !isReviewed(one)).map((one) => [one, first] as const);
  });
  return new Map(pairs);
}

function withCopies(rows: readonly ShortlistRow[], copies: ReadonlyMap<KeptPhoto, KeptPhoto>): readonly ShortlistRow[] {
  const fates = new Map(rows.map((row) => [row.sha256, row]));
  const left = [...copies].map(([copy, { sha256 }]) => {
    const { state, reason = null, twinSha256 = null } = fates.get(sha256) ?? {};
    return rowOf(copy, state === 'listed' ? { reason: 'near-duplicate', twinSha256: sha256 } : { reason, twinSha256 });
  });
  return [...rows, ...left];
}

class Places {
  readonly #policy: ShortlistPolicy;
  readonly #taken = new Map<Wnid, number>();
  #acceptedOrUnreviewed = 0;

  constructor(policy: ShortlistPolicy) {
    this.#policy = policy;
  }

  take({ confusionWnid, reviewedAs = null }: KeptPhoto): void {
    if (reviewedAs === 'rejected') return;
    this.#taken.set(confusionWnid, (this.#taken.get(confusionWnid) ?? 0) + 1);
    if (reviewedAs === null || reviewedAs === 'accepted' || reviewedAs === 'pending') this.#acceptedOrUnreviewed += 1;
  }

  fullFor({ confusionWnid }: KeptPhoto): 'cap' | 'target' | null {
    const { cap, target = null } = this.#policy;
    if ((this.#taken.get(confusionWnid) ?? 0) >= cap) return 'cap';
    return target !== null && this.#acceptedOrUnreviewed >= target ? 'target' : null;
  }
}

/** The photos whose perceptual hash matches another of their class: the shortlist depends on their finer hashes. */
export function photosToConfirm(photos: readonly Fingerprinted[], maxDistance: number): Fingerprinted[] {
  return byClass(photos).flatMap((ofClass) =>
    withMatches(
      ofClass.map((photo) => ({ photo, hash: parseHash(photo.perceptualHash) })),
      maxDistance,
    ).map(({ photo }) => photo),
  );
}

/** The same rows in the same order, with `alsoIn` computed from all of them. Pass every class of the collection. */
export function markAlsoIn(rows: readonly ShortlistRow[]): ShortlistRow[] {
  const listedIn = groupBy(
    rows.filter(({ state }) => state === 'listed'),
    ({ sha256 }) => sha256,
  );
  return rows.map((row) => {
    const others = (listedIn.get(row.sha256) ?? []).map(({ wnid }) => wnid).filter((wnid) => wnid !== row.wnid);
    return { ...row, alsoIn: others.toSorted(compareText) };
  });
}

export function countShortlist(rows: Iterable<Pick<ShortlistRow, 'state' | 'reason'>>): ShortlistCounts {
  let [listed, cap, nearDuplicate, target] = [0, 0, 0, 0];
  for (const row of rows) {
    if (row.state === 'listed') listed += 1;
    else if (row.reason === 'cap') cap += 1;
    else if (row.reason === 'target') target += 1;
    else if (row.reason !== null) nearDuplicate += 1;
  }
  return { kept: listed + cap + nearDuplicate + target, listed, leftOut: { cap, nearDuplicate, target } };
}

export function changesOfList(
  before: readonly Pick<ShortlistRow, 'wnid' | 'sha256'>[],
  rows: readonly Pick<ShortlistRow, 'wnid' | 'sha256' | 'state'>[],
): { readonly added: number; readonly removed: number } {
  const keyOf = ({ wnid, sha256 }: Pick<ShortlistRow, 'wnid' | 'sha256'>): string => `${sha256} ${wnid}`;
  const old = new Set(before.map(keyOf));
  const listed = rows.filter(({ state }) => state === 'listed');
  const added = listed.filter((row) => !old.has(keyOf(row))).length;
  return { added, removed: old.size + added - listed.length };
}

function rowOf(
  photo: KeptPhoto,
  place: Partial<Pick<ShortlistRow, 'rank' | 'state' | 'reason' | 'twinSha256'>>,
): ShortlistRow {
  const { wnid, sha256, confusionWnid, maxTrueProb, confusionProb } = photo;
  const leftOut = { rank: null, wnid, sha256, state: 'left-out', reason: null, twinSha256: null } as const;
  return { ...leftOut, ...place, confusionWnid, maxTrueProb, confusionProb, alsoIn: [] };
}

/** Compares by UTF-16 code unit, which is the same everywhere, unlike the order of a locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
