import sharp, { type Sharp } from 'sharp';
import turbo from '@julusian/jpeg-turbo';
import { GiveUpOnItem, messageOf } from '../../kernel/errors.ts';
import type { Fingerprint, PhotoFormat } from './inspection.ts';
import type { LumaImage, RgbImage, Size } from './raster.ts';
import { isCmykJpeg, statedPixels } from './container.ts';
import { decodeLimit } from './decode-limit.ts';
import { photoFormatOf } from './sniff.ts';

/** Decodes photos to pixels exactly as the reference (Pillow, then torchvision) does. */

// Every photo is decoded once, so libvips would only keep memory for operations that never repeat.
sharp.cache(false);

/** Warnings of libjpeg (stray bytes before a marker) are accepted. Inspection limits pixels. */
export const OPEN_OPTIONS = { failOn: 'error', limitInputPixels: false } as const;
const DECODE_OPTIONS = { ...OPEN_OPTIONS, ignoreIcc: true } as const;

/**
 * Decodes a JPEG, PNG or WebP that passed `inspectPhoto`: 8-bit RGB, every pixel (no shrinking while loading), EXIF
 * orientation applied, colour profiles ignored, 16 bits by their high byte, alpha on white, CMYK by ink arithmetic.
 * The bytes equal Pillow's. Rejects with `GiveUpOnItem`, code `unsupported-format` or `unreadable`, otherwise.
 */
export async function decodeRgb(bytes: Buffer): Promise<RgbImage> {
  const format = photoFormatOf(bytes);
  if (format === undefined) {
    throw new GiveUpOnItem('Expected a JPEG, PNG or WebP photo to decode but received other content', {
      code: 'unsupported-format',
    });
  }
  return orUnreadable(format, async () => decode(bytes, format === 'jpeg' && isCmykJpeg(bytes)));
}

/** Calls `use` with the pixels, within the limit of the process. The result must not hold those of a large photo. */
export async function useDecoded<T>(bytes: Buffer, use: (image: RgbImage) => T): Promise<T> {
  return decodeLimit().hold(weightOf(bytes), async () => use(await decodeRgb(bytes)));
}

/** The number of pixels that a photo counts for: the maximum if its header does not say. */
export function weightOf(bytes: Buffer): number {
  const format = photoFormatOf(bytes);
  const pixels = format === undefined ? 0 : statedPixels(format, bytes);
  return pixels === 0 ? Number.POSITIVE_INFINITY : pixels;
}

/** Side of the picture from which the fingerprint of a large photo is computed: twice the fingerprint's own grid. */
const REDUCED_SIDE = 64;
/** A picture is reduced only if a side shrinks at least this much, because then its fingerprint hardly changes. */
const LEAST_SHRINKING = 2;

/**
 * Calls `use` with the picture for a fingerprint, upright. Refuses the same photos as `decodeRgb`, because all compressed data
 * are decoded.
 *
 * - A JPEG of up to 2^20 pixels (1,024 x 1,024) that is stored upright: its luma. In 7 of 100 photos two bits of the 64-bit
 *   hash differ from those of `decodeRgb`.
 * - A larger JPEG may be reduced to 64 x 64 pixels. The step from frequencies to pixels cannot fail, and libjpeg does it for
 *   an eighth of the pixels only (two to three times faster). In half of the photos two or four bits differ.
 * - Other photos, and JPEGs that libjpeg-turbo warns about: `decodeRgb`.
 *
 * @param use must not keep the picture
 */
export async function useForFingerprint(
  bytes: Buffer,
  header: Header,
  use: (image: RgbImage | LumaImage) => Fingerprint,
): Promise<Fingerprint> {
  if (photoFormatOf(bytes) !== 'jpeg' || isCmykJpeg(bytes)) return use(await decodeRgb(bytes));
  const { width, height, exifOrientation } = header;
  const isLuma = exifOrientation === 1 && width * height <= MAX_LUMA_PIXELS;
  return (isLuma ? await useLuma(bytes, header, use) : null) ?? use(await decodeReduced(bytes, header));
}

/** Decodes a JPEG, reduced to 64 x 64 pixels if it is large and not narrow. */
async function decodeReduced(bytes: Buffer, { width, height }: Header): Promise<RgbImage> {
  if (Math.min(width, height) < REDUCED_SIDE * LEAST_SHRINKING || width * height <= MAX_LUMA_PIXELS)
    return decodeRgb(bytes);
  const target = { width: REDUCED_SIDE, height: REDUCED_SIDE, fit: 'fill', kernel: 'linear' } as const;
  return orUnreadable('jpeg', async () =>
    toPixels(sharp(bytes, DECODE_OPTIONS).autoOrient().resize(target).toColourspace('srgb'), false),
  );
}

/** The size is that of the upright picture. */
export interface Header extends Size {
  /** 1 to 8; 1: stored upright. */
  readonly exifOrientation: number;
}

async function orUnreadable(format: PhotoFormat, work: () => Promise<RgbImage>): Promise<RgbImage> {
  try {
    return await work();
  } catch (error) {
    throw new GiveUpOnItem(`Expected a ${format} photo that can be decoded but received: ${messageOf(error)}`, {
      code: 'unreadable',
      cause: error,
    });
  }
}

async function decode(bytes: Buffer, isCmyk: boolean): Promise<RgbImage> {
  const upright = sharp(bytes, DECODE_OPTIONS).autoOrient();
  const converted = isCmyk
    ? upright.pipelineColourspace('cmyk').toColourspace('cmyk')
    : // From 16 bits it takes the high byte; grey becomes three equal channels.
      upright.toColourspace('srgb');
  return toPixels(converted, isCmyk);
}

async function toPixels(pipeline: Sharp, isCmyk: boolean): Promise<RgbImage> {
  const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  // A plain view: loops over pixels are slower if they meet both Buffer and Uint8Array.
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { width: info.width, height: info.height, data: toRgb(pixels, { channels: info.channels, isCmyk }) };
}

function toRgb(pixels: Uint8Array, layout: { readonly channels: number; readonly isCmyk: boolean }): Uint8Array {
  const { channels, isCmyk } = layout;
  if (channels === 3 && !isCmyk) return pixels;
  if (channels === 4) return isCmyk ? cmykToRgb(pixels) : flattenOnWhite(pixels);
  throw new Error(`Expected 3 or 4 channels of pixels from libvips but received ${channels}`);
}

/** RGBA on white, as Pillow's `Image.paste(picture, mask=alpha)` (`src/libImaging/Paste.c`). */
function flattenOnWhite(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3] ?? 0;
    const white = 255 * (255 - alpha);
    rgb[to] = divideBy255((rgba[from] ?? 0) * alpha + white);
    rgb[to + 1] = divideBy255((rgba[from + 1] ?? 0) * alpha + white);
    rgb[to + 2] = divideBy255((rgba[from + 2] ?? 0) * alpha + white);
  }
  return rgb;
}

/** CMYK (255: full ink) as Pillow's `convert('RGB')`: what the ink leaves of what black leaves (`Convert.c`). */
function cmykToRgb(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let from = 0, to = 0; from < cmyk.length; from += 4, to += 3) {
    const left = 255 - (cmyk[from + 3] ?? 0);
    rgb[to] = left - divideBy255((cmyk[from] ?? 0) * left);
    rgb[to + 1] = left - divideBy255((cmyk[from + 1] ?? 0) * left);
    rgb[to + 2] = left - divideBy255((cmyk[from + 2] ?? 0) * left);
  }
  return rgb;
}

/** `value / 255`, rounded, for 0 to 255 * 255, without dividing. */
function divideBy255(value: number): number {
  const biased = value + 128;
  return ((biased >> 8) + biased) >> 8;
}

/** Pixels of the largest JPEG that is decoded here. Up to this size, libvips takes more time to reduce a picture. */
const MAX_LUMA_PIXELS = 2 ** 20;

/** Buffers to decode into. New ones for each photo would make V8 collect garbage for a quarter of a crawl's time. */
const free: Buffer[] = [];

/**
 * Calls `use` with the luma of a JPEG of at most `MAX_LUMA_PIXELS`, decoded by libjpeg-turbo alone: libvips takes a
 * millisecond to set up its operations, three times the decoding of a photo of 320 pixels. All compressed data are
 * decoded. Levels may differ a little from those of `decodeRgb`, because the fast transform is used. Null if
 * libjpeg-turbo refuses the JPEG or warns of it; libvips may accept it. `use` must not keep the picture.
 */
async function useLuma(
  bytes: Buffer,
  { width, height }: { readonly width: number; readonly height: number },
  use: (image: LumaImage) => Fingerprint,
): Promise<Fingerprint | null> {
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(MAX_LUMA_PIXELS);
  try {
    const decoded = await sizeOfDecoded(bytes, buffer);
    if (decoded?.width !== width || decoded.height !== height) return null;
    return use({ width, height, luma: buffer.subarray(0, width * height) });
  } finally {
    free.push(buffer);
  }
}

/** Decodes into `luma`. Returns the size of the picture, or null if it is refused. */
async function sizeOfDecoded(bytes: Buffer, luma: Buffer): Promise<{ width: number; height: number } | null> {
  try {
    return await turbo.decompress(bytes, luma, { format: turbo.FORMAT_GRAY });
  } catch {
    return null;
  }
}
