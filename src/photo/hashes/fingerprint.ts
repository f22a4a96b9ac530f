import { fineHashOf, fineHashText } from './fine-hash.ts';
import { frequenciesOf } from './frequencies.ts';
import type { LumaImage } from '../../platform/image/luma-image.ts';
import { hashOfFrequencies } from './perceptual-hash.ts';
import type { RgbImage } from '../../platform/image/rgb-image.ts';

/** The hashes that identify a picture, as they are stored. */
export interface Fingerprint {
  /** 64-bit DCT hash as 16 hex digits. Searches use it. */
  readonly perceptualHash: string;
  /** The finer hash as 510 hex digits. It confirms a match. */
  readonly fineHash: string;
}

/** Both hashes of a picture, computed from one resize and one transform. */
export function fingerprintOf(image: RgbImage | LumaImage): Fingerprint {
  const frequencies = frequenciesOf(image);
  return { perceptualHash: hashOfFrequencies(frequencies), fineHash: fineHashText(fineHashOf(frequencies)) };
}
