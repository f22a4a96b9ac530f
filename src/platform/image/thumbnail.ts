/** Small copies of photos for people to look at. */
import sharp from 'sharp';
import { GiveUpOnItem, messageOf } from '../../kernel/errors.ts';
import { decodeLimit } from './decode-limit.ts';
import { OPEN_OPTIONS, weightOf } from './decode.ts';
import { photoFormatOf } from './sniff.ts';

export interface ThumbnailOptions {
  /** Pixels of the longer side; smaller photos keep their size. */
  readonly maxSidePixels: number;
  /** JPEG quality, 1 to 100. */
  readonly quality: number;
}

/**
 * A JPEG without metadata (so without places and names), upright, alpha on white. It is for people, not for models:
 * colours follow the photo's profile, and the decoder may shrink while it loads. Rejects with `GiveUpOnItem` for bytes
 * that are not a JPEG, PNG or WebP (`unsupported-format`) or cannot be decoded (`unreadable`).
 */
export async function thumbnailJpeg(bytes: Buffer, options: ThumbnailOptions): Promise<Buffer> {
  if (photoFormatOf(bytes) === undefined) {
    throw new GiveUpOnItem('Expected a JPEG, PNG or WebP photo for a thumbnail but received other content', {
      code: 'unsupported-format',
    });
  }
  const { maxSidePixels, quality } = options;
  const thumbnail = sharp(bytes, OPEN_OPTIONS)
    .autoOrient()
    .resize({ width: maxSidePixels, height: maxSidePixels, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: 'white' })
    .jpeg({ quality });
  try {
    return await decodeLimit().hold(weightOf(bytes), () => thumbnail.toBuffer());
  } catch (error) {
    throw new GiveUpOnItem(`Expected a photo that can be decoded for a thumbnail but received: ${messageOf(error)}`, {
      code: 'unreadable',
      cause: error,
    });
  }
}
