import sharp from 'sharp';
import { GiveUpOnItem, messageOf } from '../../kernel/errors.ts';
import { decodeLimit } from './decode-limit.ts';
import { OPEN_OPTIONS, weightOf } from './decode.ts';
import { photoFormatOf } from './sniff.ts';

export interface SmallCopyOptions {
  /** Pixels of the longer side; smaller photos keep their size. */
  readonly maxSidePixels: number;
  /** WebP quality, 1 to 100. */
  readonly quality: number;
}

/** How hard the encoder tries, 0 to 6. With 4, the default, a preview takes half again as long and is 5 % smaller. */
const EFFORT = 2;

/**
 * A WebP without metadata (so without places and names), upright, alpha on white. It is for people, not for models:
 * colours follow the photo's profile, and the decoder may shrink while it loads. Rejects with `GiveUpOnItem` for bytes
 * that are not a JPEG, PNG or WebP (`unsupported-format`) or cannot be decoded (`unreadable`).
 */
export async function smallWebp(bytes: Buffer, options: SmallCopyOptions): Promise<Buffer> {
  if (photoFormatOf(bytes) === undefined) {
    throw new GiveUpOnItem('Expected a JPEG, PNG or WebP photo for a small copy but received other content', {
      code: 'unsupported-format',
    });
  }
  const { maxSidePixels, quality } = options;
  const copy = sharp(bytes, OPEN_OPTIONS)
    .autoOrient()
    .resize({ width: maxSidePixels, height: maxSidePixels, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: 'white' })
    .webp({ quality, effort: EFFORT });
  try {
    return await decodeLimit().hold(weightOf(bytes), () => copy.toBuffer());
  } catch (error) {
    throw new GiveUpOnItem(`Expected a photo that can be decoded for a small copy but received: ${messageOf(error)}`, {
      code: 'unreadable',
      cause: error,
    });
  }
}
