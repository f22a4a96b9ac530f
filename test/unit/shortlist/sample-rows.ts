import { createHash } from 'node:crypto';
import { toSha256, type Sha256 } from '../../../src/kernel/ids.ts';
import type { KeptPhoto } from '../../../src/shortlist/shortlist.ts';

/** A SHA-256 for a name, so that tests can speak of photos by name. */
export function sha256Of(name: string): Sha256 {
  return toSha256(createHash('sha256').update(name).digest('hex'));
}

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
