import { groupBy } from '../kernel/group-by.ts';
import type { Sha256, Wnid } from '../kernel/ids.ts';
import type { FineHash } from '../photo/fine-hash.ts';
import { FingerprintIndex, withMatches, type ParsedFingerprint } from '../photo/fingerprint-index.ts';
import { parseHash } from '../photo/perceptual-hash.ts';

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

/** Negative if the first photo comes before the second. sha256 breaks ties, so the order is always total. */
export type PhotoOrder = (a: KeptPhoto, b: KeptPhoto) => number;

/** Mode A: the photo whose class the models find least likely comes first. */
export const LEAST_TRUE_FIRST: PhotoOrder = (a, b) => (a.maxTrueProb ?? 0) - (b.maxTrueProb ?? 0);

/** Mode O: the photo with the most confident prediction comes first. */
export const SUREST_FIRST: PhotoOrder = (a, b) => b.confusionProb - a.confusionProb;

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

/**
 * The fields of every row, in their order. Typed by the record's keys, so that a renamed field fails to compile here.
 */
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

/** `kept = listed + leftOut.cap + leftOut.nearDuplicate`, always. */
export interface ShortlistCounts {
  readonly kept: number;
  readonly listed: number;
  readonly leftOut: { readonly cap: number; readonly nearDuplicate: number };
}

/** The photos of each class, in the order of the wnids. */
export function byClass(photos: Iterable<KeptPhoto>): KeptPhoto[][] {
  const classes = [...groupBy(photos, ({ wnid }) => wnid)];
  return classes.toSorted(([a], [b]) => compareText(a, b)).map(([, ofClass]) => ofClass);
}

/**
 * The shortlist of one class (protocol, mode A: "Shortlist"), with `alsoIn` still empty.
 *
 * Photos are walked in their order. Each meets two tests, in this order:
 * 1. within `nearDuplicateDistance` of a photo already listed for the class, under any confusion, and confirmed by the finer
 *    hash; or by its features at least `nearDuplicateCosine` like one: left out as `near-duplicate`. Its twin is the earliest
 *    listed of those, not the closest: the one that ranks best, and would still stand there if later ones had not been crawled.
 * 2. its cap is full: left out as `cap`. There is one cap for each predicted class (paper, section 3.1; in mode O our
 *    addition).
 *
 * So a photo over the cap is never listed and never anybody's twin, a near-duplicate uses up no place, and the copy of
 * a listed photo is told as such even where the cap would have left it out too. The first photo walked is always
 * listed: a class with kept photos has a shortlist.
 */
export function shortlistClass(
  photos: readonly KeptPhoto[],
  policy: ShortlistPolicy,
  order: PhotoOrder = LEAST_TRUE_FIRST,
): ShortlistRow[] {
  const listed: ShortlistRow[] = [];
  const leftOut: ShortlistRow[] = [];
  const twins = new Twins(policy);
  const measured = (policy.nearDuplicateCosine ?? null) !== null;
  const places = new Map<Wnid, number>();
  for (const photo of photos.toSorted((a, b) => order(a, b) || compareText(a.sha256, b.sha256))) {
    const found = twins.find(photo);
    const twin = listed[found.position];
    const taken = places.get(photo.confusionWnid) ?? 0;
    if (twin !== undefined) {
      const twinBy = measured ? { twinBy: found.by } : {};
      leftOut.push({ ...rowOf(photo, { reason: 'near-duplicate', twinSha256: twin.sha256 }), ...twinBy });
    } else if (taken >= policy.cap) {
      leftOut.push(rowOf(photo, { reason: 'cap' }));
    } else {
      listed.push(rowOf(photo, { rank: listed.length + 1, state: 'listed' }));
      twins.add(photo);
      places.set(photo.confusionWnid, taken + 1);
    }
  }
  const rows = [...listed, ...leftOut];
  return measured ? rows.map((row) => ({ ...row, twinBy: row.twinBy ?? null })) : rows;
}

/** The listed photos of a class, searched for near-duplicates: by hashes first, then by features. */
class Twins {
  readonly #policy: ShortlistPolicy;
  readonly #hashes = new FingerprintIndex();
  /** In the order of the hashes; null for a photo without features. */
  readonly #features: (Float32Array | null)[] = [];

  constructor(policy: ShortlistPolicy) {
    this.#policy = policy;
  }

  add(photo: KeptPhoto): void {
    this.#hashes.add(parsedFingerprint(photo));
    this.#features.push(photo.features ?? null);
  }

  /** Position of the twin, -1 if there is none. */
  find(photo: KeptPhoto): { readonly position: number; readonly by: TwinMeasure } {
    const { features } = photo;
    const { nearDuplicateDistance, nearDuplicateCosine = null } = this.#policy;
    const byHash = this.#hashes.firstMatch(parsedFingerprint(photo), nearDuplicateDistance);
    if (byHash !== -1 || nearDuplicateCosine === null || features === undefined)
      return { position: byHash, by: 'hash' };
    const isTwin = (vector: Float32Array | null): boolean =>
      vector !== null && dot(vector, features) >= nearDuplicateCosine;
    return { position: this.#features.findIndex(isTwin), by: 'cosine' };
  }
}

/**
 * Summed in a fixed order, in double precision: the result is the same on every machine. Vectors of different models
 * never match.
 */
function dot(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return -1;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function parsedFingerprint({ perceptualHash, fineHash }: KeptPhoto): ParsedFingerprint {
  return { hash: parseHash(perceptualHash), fineHash: fineHash ?? null };
}

/** The kept photos whose perceptual hash matches another of their class: the shortlist depends on their finer hashes. */
export function photosToConfirm(photos: readonly KeptPhoto[], maxDistance: number): KeptPhoto[] {
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
  let [listed, cap, nearDuplicate] = [0, 0, 0];
  for (const row of rows) {
    if (row.state === 'listed') listed += 1;
    else if (row.reason === 'cap') cap += 1;
    else nearDuplicate += 1;
  }
  return { kept: listed + cap + nearDuplicate, listed, leftOut: { cap, nearDuplicate } };
}

/** The row of a photo that is left out, unless its place says otherwise. */
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
