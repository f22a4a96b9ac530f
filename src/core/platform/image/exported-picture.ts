import sharp from 'sharp';
import { type Sha256 } from '../../kernel/ids.ts';
import type { PictureChange } from '../../kernel/picture-change.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { plainJpegSize } from './container.ts';
import { decodeLimit } from './decode-limit.ts';
import { decodeRgb, OPEN_OPTIONS, weightOf } from './decode.ts';
import type { Size } from './raster.ts';
import { photoFormatOf } from './sniff.ts';
import { withoutMetadata } from './strip.ts';

export interface ExportedPicture extends Size {
  readonly extension: 'jpg' | 'png';
  /** The file's content. A re-encoded picture is a PNG with the pixels of `decodeRgb`. */
  readonly bytes: Buffer;
  readonly change: PictureChange;
  /** Hash of the pixels of a re-encoded picture: 8-bit RGB, row by row; otherwise `null`. */
  readonly pixelsSha256: Sha256 | null;
}

/**
 * Readers must decode a photo that leaves winnow to the pixels that decisions were made on.
 * JPEG and PNG files that are upright, opaque and have 8 bits lose their metadata only, or keep all bytes. Readers disagree on
 * the others: some turn pictures and some do not, and they put alpha on black or drop it. Those become PNG files, and so do WebP
 * and files whose metadata cannot be told from their pixels. Rejects with `GiveUpOnItem` for bytes that cannot be decoded.
 */
export async function exportedPicture(
  bytes: Buffer,
  { keepMetadata }: { readonly keepMetadata: boolean },
): Promise<ExportedPicture> {
  const size = await plainSize(bytes);
  const kept = keepMetadata ? bytes : withoutMetadata(bytes);
  if (size === null || kept === null) return reencoded(bytes);
  const change = kept === bytes ? 'unchanged' : 'stripped';
  const extension = photoFormatOf(bytes) === 'jpeg' ? 'jpg' : 'png';
  return { extension, ...size, bytes: kept, change, pixelsSha256: null };
}

/** The size of a picture that all readers decode alike; `null` for alpha, 16 bits, a turned one, other formats. */
export async function plainSize(bytes: Buffer): Promise<Size | null> {
  const format = photoFormatOf(bytes);
  if (format === undefined || format === 'webp') return null;
  const stated = format === 'jpeg' ? plainJpegSize(bytes) : undefined;
  if (stated !== undefined) return stated;
  const { width, height, orientation = 1, hasAlpha, depth } = await sharp(bytes, OPEN_OPTIONS).metadata();
  const isPlain = orientation === 1 && !hasAlpha && depth === 'uchar' && !isTurnedByText(bytes);
  return isPlain ? { width, height } : null;
}

/** True if XMP or a PNG text chunk may state an orientation other than upright. Pillow reads both, libvips neither. */
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
    const pixelsSha256 = sha256Of(data);
    return { extension: 'png', width, height, bytes: png, change: 'reencoded', pixelsSha256 };
  });
}
