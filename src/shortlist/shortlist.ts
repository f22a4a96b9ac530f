import { groupBy } from '../kernel/group-by.ts';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import type { FineHash } from '../photo/fine-hash.ts';
import { FingerprintIndex, withMatches, type ParsedFingerprint } from '../photo/fingerprint-index.ts';
import { parseHash } from '../photo/perceptual-hash.ts';
import { CosineList } from './cosine-list.ts';

/** A photo that the filter kept for one class. */
export interface KeptPhoto {
  readonly sha256: Sha256;
  /** The class whose candidate the photo is. */
  readonly wnid: Wnid;
  /** The largest p of the class searched as over members and crops, 0..1; null in mode O. */
  readonly maxTrueProb: number | null;
  /** The class that the ensemble takes the photo for. */
  readonly confusionWnid: Wnid;
  /** The mean p(confusion) over members and crops (mode O: over the first member's), 0..1. */
  readonly confusionProb: number;
  /** 64-bit DCT perceptual hash, 16 lower-case hex digits. */
  readonly perceptualHash: string;
  /** Confirms a match of the perceptual hash. Absent: unknown, or no perceptual hash of its class matches. */
  readonly fineHash?: FineHash;
  /** Unit vector of its features, if photos are compared by features and it has any. */
  readonly features?: Float32Array;
}

export interface ShortlistPolicy {
  /** Listed photos per class and confusion, at least 1. */
  readonly cap: number;
  /**
   * Bits, 0..64: photos whose hashes differ in at most this many are the same picture, if their finer hashes confirm
   * it.
   */
  readonly nearDuplicateDistance: number;
  /**
   * Photos whose features have at least this cosine similarity are the same picture, too. Null or absent: features are
   * not compared.
   */
  readonly nearDuplicateCosine?: number | null;
}

/** What differs between the modes of a collection: which photo comes first, and which photos share a cap. */
export interface ShortlistRules {
  /** Negative if `a` comes before `b`. sha256 breaks ties, so the order is always total. */
  readonly compare: (a: KeptPhoto, b: KeptPhoto) => number;
  /** Photos of a class whose keys are equal share one cap. */
  readonly capKey: (photo: KeptPhoto) => string;
  /** The probabilities that each photo must have. */
  readonly probabilities: readonly ('maxTrueProb' | 'confusionProb')[];
}

/**
 * Mode A: the photo whose class the models find least likely comes first. One cap for each confusion (paper, section
 * 3.1).
 */
export const MODE_A_RULES: ShortlistRules = {
  compare: (a, b) => (a.maxTrueProb ?? 0) - (b.maxTrueProb ?? 0),
  capKey: (photo) => photo.confusionWnid,
  probabilities: ['maxTrueProb', 'confusionProb'],
};

/**
 * Mode O: the photo with the most confident prediction comes first. One cap for each concept and predicted class, which
 * the paper does not have.
 */
export const MODE_O_RULES: ShortlistRules = {
  compare: (a, b) => b.confusionProb - a.confusionProb,
  capKey: (photo) => photo.confusionWnid,
  probabilities: ['confusionProb'],
};

export type LeftOutReason = 'cap' | 'near-duplicate';

export type TwinMeasure = 'hash' | 'cosine';

/** One kept photo of one class: listed, or left out and why. The fields of `shortlist --json`, in that order. */
export interface ShortlistRow {
  /** 1, 2, ... within the class; null if left out. */
  readonly rank: number | null;
  readonly wnid: Wnid;
  readonly sha256: Sha256;
  readonly state: 'listed' | 'left-out';
  /** Null if listed. */
  readonly reason: LeftOutReason | null;
  /** For a near-duplicate, the listed photo of the same class that represents it; otherwise null. */
  readonly twinSha256: Sha256 | null;
  /** What found the twin; null without one. Absent if only hashes are compared. */
  readonly twinBy?: TwinMeasure | null;
  readonly confusionWnid: Wnid;
  /** 0..1; null in mode O. */
  readonly maxTrueProb: number | null;
  /** 0..1. */
  readonly confusionProb: number;
  /** The other classes in which the same bytes are listed, sorted. Rows that are left out have it, too. */
  readonly alsoIn: readonly Wnid[];
}

/** `kept = listed + leftOut.cap + leftOut.nearDuplicate`, always. */
export interface ShortlistCounts {
  readonly kept: number;
  readonly listed: number;
  readonly leftOut: { readonly cap: number; readonly nearDuplicate: number };
}

/**
 * The shortlist of a collection: each class separately, then `alsoIn` across classes. Rows are sorted by wnid. Within a
 * class the listed ones come first by rank, then those left out, in the order of the walk. The same photos give the
 * same rows, in whatever order they arrive. Throws a RangeError for a policy or a photo out of range, and for a photo
 * given twice for one class.
 */
export function shortlistCollection(
  photos: Iterable<KeptPhoto>,
  policy: ShortlistPolicy,
  rules: ShortlistRules = MODE_A_RULES,
): ShortlistRow[] {
  const classes = new Map<Wnid, KeptPhoto[]>();
  for (const photo of photos) {
    const ofClass = classes.get(photo.wnid);
    if (ofClass === undefined) classes.set(photo.wnid, [photo]);
    else ofClass.push(photo);
  }
  const wnids = [...classes.keys()].toSorted(compareText);
  return markAlsoIn(wnids.flatMap((wnid) => shortlistClass(classes.get(wnid) ?? [], policy, rules)));
}

/**
 * The shortlist of one class (protocol, mode A: "Shortlist"), with `alsoIn` still empty.
 *
 * Photos are walked in the order of the rules. Each meets two tests, in this order:
 * 1. within `nearDuplicateDistance` of a photo already listed for the class, under any confusion, and confirmed by the finer
 *    hash; or by its features at least `nearDuplicateCosine` like one: left out as `near-duplicate`. Its twin is the earliest
 *    listed of those, not the closest: the one that ranks best, and would still stand there if later ones had not been crawled.
 * 2. its cap is full: left out as `cap`.
 *
 * So a photo over the cap is never listed and never anybody's twin, a near-duplicate uses up no place, and the copy of
 * a listed photo is told as such even where the cap would have left it out too. The first photo walked is always
 * listed: a class with kept photos has a shortlist.
 */
export function shortlistClass(
  photos: readonly KeptPhoto[],
  policy: ShortlistPolicy,
  rules: ShortlistRules = MODE_A_RULES,
): ShortlistRow[] {
  checkPolicy(policy);
  const listed: ShortlistRow[] = [];
  const leftOut: ShortlistRow[] = [];
  const twins = new Twins(policy);
  const measured = comparesFeatures(policy);
  const places = new Map<string, number>();
  for (const photo of inOrder(photos, rules)) {
    const found = twins.find(photo);
    const twin = listed[found.position];
    const capKey = rules.capKey(photo);
    const taken = places.get(capKey) ?? 0;
    if (twin !== undefined) {
      leftOut.push({
        ...leftOutRow(photo, 'near-duplicate'),
        twinSha256: twin.sha256,
        ...(measured ? { twinBy: found.by } : {}),
      });
    } else if (taken >= policy.cap) {
      leftOut.push(leftOutRow(photo, 'cap'));
    } else {
      listed.push(listedRow(photo, listed.length + 1));
      twins.add(photo);
      places.set(capKey, taken + 1);
    }
  }
  const rows = [...listed, ...leftOut];
  return measured ? rows.map((row) => ({ ...row, twinBy: row.twinBy ?? null })) : rows;
}

function comparesFeatures({ nearDuplicateCosine }: ShortlistPolicy): boolean {
  return (nearDuplicateCosine ?? null) !== null;
}

/** The listed photos of a class, searched for near-duplicates: by hashes first, then by features. */
class Twins {
  readonly #policy: ShortlistPolicy;
  readonly #hashes = new FingerprintIndex();
  readonly #features = new CosineList();

  constructor(policy: ShortlistPolicy) {
    this.#policy = policy;
  }

  add(photo: KeptPhoto): void {
    this.#hashes.add(parsedFingerprint(photo));
    this.#features.add(photo.features ?? null);
  }

  /** Position of the twin, -1 if there is none. */
  find(photo: KeptPhoto): { readonly position: number; readonly by: TwinMeasure } {
    const { features } = photo;
    const { nearDuplicateDistance, nearDuplicateCosine = null } = this.#policy;
    const byHash = this.#hashes.firstMatch(parsedFingerprint(photo), nearDuplicateDistance);
    if (byHash !== -1 || nearDuplicateCosine === null || features === undefined)
      return { position: byHash, by: 'hash' };
    return { position: this.#features.firstAtLeast(features, nearDuplicateCosine), by: 'cosine' };
  }
}

function parsedFingerprint({ perceptualHash, fineHash }: KeptPhoto): ParsedFingerprint {
  return { hash: parseHash(perceptualHash), fineHash: fineHash ?? null };
}

/** The kept photos whose perceptual hash matches another of their class: the shortlist depends on their finer hashes. */
export function photosToConfirm(photos: readonly KeptPhoto[], maxDistance: number): KeptPhoto[] {
  const classes = [...groupBy(photos, ({ wnid }) => wnid).values()];
  return classes.flatMap((ofClass) =>
    withMatches(
      ofClass.map((photo) => ({ photo, hash: parseHash(photo.perceptualHash) })),
      maxDistance,
    ).map(({ photo }) => photo),
  );
}

/** The same rows in the same order, with `alsoIn` computed from all of them. Pass every class of the collection. */
export function markAlsoIn(rows: readonly ShortlistRow[]): ShortlistRow[] {
  const listedIn = new Map<Sha256, Wnid[]>();
  for (const row of rows) {
    if (row.state !== 'listed') continue;
    const wnids = listedIn.get(row.sha256);
    if (wnids === undefined) listedIn.set(row.sha256, [row.wnid]);
    else wnids.push(row.wnid);
  }
  return rows.map((row) => {
    const others = (listedIn.get(row.sha256) ?? []).filter((wnid) => wnid !== row.wnid);
    return { ...row, alsoIn: others.toSorted(compareText) };
  });
}

export function countShortlist(rows: Iterable<Pick<ShortlistRow, 'state' | 'reason'>>): ShortlistCounts {
  let [listed, cap, nearDuplicate] = [0, 0, 0];
  for (const row of rows) {
    if (row.state === 'listed') listed += 1;
    else if (row.reason === 'cap') cap += 1;
    else nearDuplicate += 1;
  }
  return { kept: listed + cap + nearDuplicate, listed, leftOut: { cap, nearDuplicate } };
}

function listedRow(photo: KeptPhoto, rank: number): ShortlistRow {
  const { wnid, sha256, confusionWnid, maxTrueProb, confusionProb } = photo;
  const place = { rank, wnid, sha256, state: 'listed', reason: null, twinSha256: null } as const;
  return { ...place, confusionWnid, maxTrueProb, confusionProb, alsoIn: [] };
}

function leftOutRow(photo: KeptPhoto, reason: LeftOutReason): ShortlistRow {
  const { wnid, sha256, confusionWnid, maxTrueProb, confusionProb } = photo;
  const place = { rank: null, wnid, sha256, state: 'left-out', reason, twinSha256: null } as const;
  return { ...place, confusionWnid, maxTrueProb, confusionProb, alsoIn: [] };
}

/**
 * Checks the photos. A NaN would make the result depend on the order of the input, and a photo given twice would be its
 * own near-duplicate.
 */
function inOrder(photos: readonly KeptPhoto[], rules: ShortlistRules): KeptPhoto[] {
  for (const photo of photos) {
    for (const field of rules.probabilities) checkProbability(photo, field);
  }
  const ordered = photos.toSorted((a, b) => rules.compare(a, b) || compareText(a.sha256, b.sha256));
  const seen = new Set<Sha256>();
  for (const { sha256, wnid } of ordered) {
    if (seen.has(sha256)) {
      throw new RangeError(`Expected each photo once for class '${wnid}' but received '${sha256}' twice`);
    }
    seen.add(sha256);
  }
  return ordered;
}

function checkProbability(photo: KeptPhoto, field: 'maxTrueProb' | 'confusionProb'): void {
  const value = photo[field];
  if (value !== null && value >= 0 && value <= 1) return;
  throw new RangeError(`Expected 0..1 for ${field} of photo '${photo.sha256}' but received ${value}`);
}

function checkPolicy({ cap, nearDuplicateDistance, nearDuplicateCosine = null }: ShortlistPolicy): void {
  if (nearDuplicateCosine !== null && !(nearDuplicateCosine > 0 && nearDuplicateCosine <= 1)) {
    throw new RangeError(
      `Expected above 0 and at most 1 for policy.nearDuplicateCosine but received ${nearDuplicateCosine}`,
    );
  }
  if (!Number.isSafeInteger(cap) || cap < 1) {
    throw new RangeError(`Expected a whole number of at least 1 for policy.cap but received ${cap}`);
  }
  if (!Number.isInteger(nearDuplicateDistance) || nearDuplicateDistance < 0 || nearDuplicateDistance > 64) {
    const received = `received ${nearDuplicateDistance}`;
    throw new RangeError(`Expected a whole number from 0 to 64 for policy.nearDuplicateDistance but ${received}`);
  }
}

/** Compares by UTF-16 code unit, which is the same everywhere, unlike the order of a locale. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
