import { groupBy } from '../../core/kernel/group-by.ts';
import type { ReportedPhoto } from './reported-photo.repository.ts';

const PHOTOS = 24;

/** Takes a photo of each class in turn: the one that the ensemble is most sure of, each time of another confusion. */
export function chooseGallery(photos: readonly ReportedPhoto[]): ReportedPhoto[] {
  const byClass = [...groupBy(photos, ({ wnid }) => wnid).values()].map(firstOfConfusions);
  const rounds = Math.max(0, ...byClass.map(({ length }) => length));
  const inTurn = Array.from({ length: rounds }, (_, round) =>
    byClass.flatMap((ofClass) => ofClass.slice(round, round + 1)),
  );
  return inTurn.flat().slice(0, PHOTOS);
}

function firstOfConfusions(photos: readonly ReportedPhoto[]): ReportedPhoto[] {
  const sorted = photos.toSorted((a, b) => b.confusionProb - a.confusionProb || (a.sha256 < b.sha256 ? -1 : 1));
  return [...groupBy(sorted, ({ confusionWnid }) => confusionWnid).values()].flatMap((same) => same.slice(0, 1));
}
