import turbo from '@julusian/jpeg-turbo';
import type { Fingerprint } from './inspection.ts';
import type { LumaImage } from './luma-image.ts';

/** Pixels of the largest JPEG that is decoded here. Up to this size, libvips takes more time to reduce a picture. */
export const MAX_LUMA_PIXELS = 2 ** 20;

/** Buffers to decode into. New ones for each photo would make V8 collect garbage for a quarter of a crawl's time. */
const free: Buffer[] = [];

/**
 * Calls `use` with the luma of a JPEG, decoded by libjpeg-turbo alone. libvips takes a millisecond to set up its operations, which
 * is three times the decoding of a photo of 320 pixels. All compressed data are decoded, those of the colours too. Levels may
 * differ a little from those of `decodeRgb`, because the fast transform is used.
 *
 * @param size as the header states it, at most `MAX_LUMA_PIXELS`
 * @param use must not keep the picture
 * @returns the result of `use`, or null if libjpeg-turbo refuses the JPEG or warns of it. libvips may accept such a JPEG.
 */
export async function useLuma(
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
