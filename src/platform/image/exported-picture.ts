/** The form in which photos leave winnow: one that every reader decodes to the pixels that decisions were made on. */
import sharp from 'sharp';
import { decodeLimit } from './decode-limit.ts';
import { decodeRgb, OPEN_OPTIONS, weightOf } from './decode.ts';
import { photoFormatOf } from './sniff.ts';

export interface ExportedPicture {
  readonly extension: 'jpg' | 'png';
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Null: the bytes stay as they are. Otherwise a PNG with the pixels of `decodeRgb`. */
  readonly png: Buffer | null;
}

/**
 * JPEG and PNG files that are upright, opaque and have 8 bits keep their bytes. Readers disagree on the others: some turn
 * pictures and some do not, and they put alpha on black or drop it. Those become PNG files, and so does WebP. Rejects with
 * `GiveUpOnItem` for bytes that cannot be decoded.
 */
export async function exportedPicture(bytes: Buffer): Promise<ExportedPicture> {
  const format = photoFormatOf(bytes);
  if (format === undefined || format === 'webp' || (await isReadInDifferentWays(bytes))) return reencoded(bytes);
  const { width, height } = await sharp(bytes, OPEN_OPTIONS).metadata();
  return { extension: format === 'jpeg' ? 'jpg' : 'png', width, height, png: null };
}

/** Whether the file asks readers to turn it, or has alpha or 16 bits. */
async function isReadInDifferentWays(bytes: Buffer): Promise<boolean> {
  const { orientation = 1, hasAlpha, depth } = await sharp(bytes, OPEN_OPTIONS).metadata();
  return orientation !== 1 || hasAlpha || depth !== 'uchar' || isTurnedByText(bytes);
}

/** Whether XMP or a text chunk of a PNG may state another orientation than upright. Pillow reads both, libvips does not. */
function isTurnedByText(bytes: Buffer): boolean {
  if (bytes.includes('Raw profile type exif') || bytes.includes('Raw profile type APP1')) return true;
  const at = bytes.indexOf('tiff:Orientation');
  if (at === -1) return false;
  return !/^tiff:Orientation(?:="1"|='1'|>1<)/.test(bytes.toString('latin1', at, at + 24));
}

async function reencoded(bytes: Buffer): Promise<ExportedPicture> {
  return decodeLimit().hold(weightOf(bytes), async () => {
    const { width, height, data } = await decodeRgb(bytes);
    const png = await sharp(data, { raw: { width, height, channels: 3 } })
      .png({ compressionLevel: 6, palette: false })
      .toBuffer();
    const read = await decodeRgb(png);
    if (Buffer.compare(read.data, data) !== 0)
      throw new Error('Expected the same pixels from a PNG but received others');
    return { extension: 'png', width, height, png };
  });
}
