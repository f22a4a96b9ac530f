/** Photos to pixels, as the reference (Pillow, then torchvision) sees them. */
import sharp from 'sharp';
import { GiveUpOnItem, messageOf } from '../../kernel/errors.ts';
import type { RgbImage } from '../../photo/rgb-image.ts';
import { isCmykJpeg } from './container.ts';
import { photoFormatOf } from './sniff.ts';
import { cmykToRgb, flattenOnWhite } from './to-rgb.ts';

// Every photo is decoded once: libvips would only keep memory for operations that never come again.
sharp.cache(false);

/**
 * How photos are opened. Warnings of libjpeg (stray bytes before a marker) are let pass, errors are not. There is no
 * limit of pixels here, because inspection applies the configured one.
 */
export const OPEN_OPTIONS = { failOn: 'error', limitInputPixels: false } as const;

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
  try {
    return await decode(bytes, format === 'jpeg' && isCmykJpeg(bytes));
  } catch (error) {
    throw new GiveUpOnItem(`Expected a ${format} photo that can be decoded but received: ${messageOf(error)}`, {
      code: 'unreadable',
      cause: error,
    });
  }
}

async function decode(bytes: Buffer, isCmyk: boolean): Promise<RgbImage> {
  const upright = sharp(bytes, { ...OPEN_OPTIONS, ignoreIcc: true }).autoOrient();
  const converted = isCmyk
    ? upright.pipelineColourspace('cmyk').toColourspace('cmyk')
    : // From 16 bits it takes the high byte; grey becomes three equal channels.
      upright.toColourspace('srgb');
  const { data, info } = await converted.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  // A plain view: loops over pixels run slower where they meet both Buffer and Uint8Array.
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { width: info.width, height: info.height, data: toRgb(pixels, { channels: info.channels, isCmyk }) };
}

function toRgb(pixels: Uint8Array, layout: { readonly channels: number; readonly isCmyk: boolean }): Uint8Array {
  const { channels, isCmyk } = layout;
  if (channels === 3 && !isCmyk) return pixels;
  if (channels === 4) return isCmyk ? cmykToRgb(pixels) : flattenOnWhite(pixels);
  throw new Error(`Expected 3 or 4 channels of pixels from libvips but received ${channels}`);
}
