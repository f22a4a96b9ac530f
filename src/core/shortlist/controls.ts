import { groupBy } from '../kernel/group-by.ts';
import type { Fingerprinted, ShortlistPolicy, ShortlistRow } from './shortlist.ts';
import { Twins } from './twins.ts';

/** A listed photo. */
export interface ListedPhoto extends Fingerprinted {
  readonly source: string;
}

/** A photo that the filter dropped as `correct`. */
export interface DroppedPhoto extends ListedPhoto {
  /** The largest known p of its class, 0..1: a lower bound. */
  readonly maxTrueProb: number;
  /** True if it was a control and has been reviewed: it stays one. */
  readonly isReviewed: boolean;
}

const isDropped = (photo: ListedPhoto): photo is DroppedPhoto => 'isReviewed' in photo;

/**
 * Chooses the controls of one class. Dropped photos are in the order of their draw. The sources have their shares of the listed
 * photos as far as possible. Near-duplicates of listed photos and of other controls are passed over. A class without a listed
 * photo has no controls but those that are reviewed: there is nothing to compare them with.
 */
export function chooseControls(photos: readonly ListedPhoto[], policy: ShortlistPolicy): DroppedPhoto[] {
  const [pool, listed] = [photos.filter(isDropped), photos.filter((photo) => !isDropped(photo))];
  const controls = listed.length === 0 ? 0 : (policy.controls ?? 0);
  const twins = new Twins<Fingerprinted>({ ...policy, nearDuplicateCosine: null });
  for (const photo of listed) twins.add(photo);
  const places = placesBySource(listed, controls);
  const chosen = new Set<DroppedPhoto>();
  const take = (photo: DroppedPhoto): void => {
    chosen.add(photo);
    twins.add(photo);
    places.set(photo.source, (places.get(photo.source) ?? 0) - 1);
  };
  pool.filter(({ isReviewed }) => isReviewed).forEach(take);
  const hasPlace = ({ source }: DroppedPhoto): boolean => (places.get(source) ?? 0) > 0;
  for (const isWanted of [hasPlace, () => true])
    for (const photo of pool)
      if (chosen.size < controls && isWanted(photo) && !chosen.has(photo) && twins.find(photo) === null) take(photo);
  return [...chosen].toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
}

/** The sources' shares of the listed photos as whole numbers, by largest remainder. */
function placesBySource(listed: readonly ListedPhoto[], controls: number): Map<string, number> {
  const shares = [...groupBy(listed, ({ source }) => source)].map(([source, photos]) => {
    const share = (controls * photos.length) / listed.length;
    return { source, whole: Math.floor(share), rest: share - Math.floor(share) };
  });
  const missing = controls - shares.reduce((sum, { whole }) => sum + whole, 0);
  const ordered = shares.toSorted((a, b) => b.rest - a.rest || (a.source < b.source ? -1 : 1));
  return new Map(ordered.map(({ source, whole }, i) => [source, whole + (i < missing ? 1 : 0)]));
}

/** A dropped photo as a row of the shortlist. Its prediction is its class: a member put it first, or gives it more than the threshold. */
export function droppedRow(
  { sha256, wnid, maxTrueProb }: Pick<DroppedPhoto, 'sha256' | 'wnid' | 'maxTrueProb'>,
  state: 'control' | 'crawl-sample',
): ShortlistRow {
  const prediction = { confusionWnid: wnid, maxTrueProb, confusionProb: maxTrueProb };
  return { rank: null, wnid, sha256, state, reason: null, twinSha256: null, ...prediction, alsoIn: [] };
}
