import { fineHashOf, fineHashText } from './fine-hash.ts';
import { frequenciesOf } from './frequencies.ts';
import { hashOfFrequencies } from './perceptual-hash.ts';
import type { RgbImage } from './rgb-image.ts';

/** What a picture is recognised by, as it is stored. */
export interface Fingerprint {
  /** 64-bit DCT hash, 16 hex digits: what is searched. */
  readonly perceptualHash: string;
  /** The finer hash, 510 hex digits: what confirms a match. */
  readonly fineHash: string;
}

/** Both hashes of a picture, from one resize and one transform. */
export function fingerprintOf(image: RgbImage): Fingerprint {
  const frequencies = frequenciesOf(image);
  return { perceptualHash: hashOfFrequencies(frequencies), fineHash: fineHashText(fineHashOf(frequencies)) };
}
