import {
  byClass,
  markAlsoIn,
  shortlistClass,
  type KeptPhoto,
  type ShortlistPolicy,
  type ShortlistRow,
} from '../../../../src/core/shortlist/shortlist.ts';
import { sha256Of } from '../../../support/sha256.ts';

/** A kept photo whose perceptual hash is far (at least 20 bits, by chance of its digest) from other names' hashes. */
export function keptPhoto(name: string, fields: Partial<KeptPhoto> = {}): KeptPhoto {
  const sha256 = sha256Of(name);
  return {
    sha256,
    wnid: 'n02268443',
    maxTrueProb: 0.05,
    confusionWnid: 'n02787622',
    confusionProb: 0.5,
    perceptualHash: sha256.slice(0, 16),
    ...fields,
  };
}

/** The shortlist of all classes, as mode A lists them by their hashes. */
export function shortlistAll(photos: Iterable<KeptPhoto>, policy: ShortlistPolicy): ShortlistRow[] {
  return markAlsoIn(byClass(photos).flatMap((ofClass) => shortlistClass(ofClass, policy)));
}
