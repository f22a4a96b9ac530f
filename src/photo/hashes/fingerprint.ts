import { fineHashOf, fineHashText } from './fine-hash.ts';
import { frequenciesOf } from './frequencies.ts';
import type { LumaImage } from '../../platform/image/luma-image.ts';
import type { Fingerprint } from '../../platform/image/inspection.ts';
import { hashOfFrequencies } from './perceptual-hash.ts';
import type { RgbImage } from '../../platform/image/rgb-image.ts';

export function fingerprintOf(image: RgbImage | LumaImage): Fingerprint {
  const frequencies = frequenciesOf(image);
  return { perceptualHash: hashOfFrequencies(frequencies), fineHash: fineHashText(fineHashOf(frequencies)) };
}
