/** Decides whether bytes are a usable photo. Only the content counts, never a name or a declared media type. */
import sharp from 'sharp';
import { messageOf } from '../../kernel/errors.ts';
import type { DroppedReason, FailedReason } from '../../kernel/reasons.ts';
import type { Fingerprint, Inspection, InspectionLimits, PhotoFormat, RefusedPhoto } from './inspection.ts';
import type { LumaImage, RgbImage } from './raster.ts';
import { plainJpegSize, readContainer } from './container.ts';
import { decodeLimit } from './decode-limit.ts';
import { useForFingerprint, OPEN_OPTIONS, type Header } from './decode.ts';
import { sniff } from './sniff.ts';

export { decodeRgb, useDecoded } from './decode.ts';

/**
 * Runs the tests from the cheapest to the most expensive: signature, structure of the file, header, limits, pixels.
 * libvips sees only whole JPEG, PNG and WebP files, and decodes nothing above `limits.maxPixels`. Resolves for bytes of
 * any kind. `fingerprint` gets the whole picture, upright; maybe reduced or without its colours. It must not keep it.
 */
export async function inspectPhoto(
  bytes: Buffer,
  limits: InspectionLimits,
  fingerprint: (image: RgbImage | LumaImage) => Fingerprint,
): Promise<Inspection> {
  const sniffed = await sniff(bytes);
  switch (sniffed.kind) {
    case 'no-picture':
      return failed('not-an-image', `Expected a photo but received ${sniffed.mediaType}`);
    case 'other-picture':
      return failed('unsupported-format', `Expected a JPEG, PNG or WebP photo but received ${sniffed.mediaType}`);
    case 'cut-photo':
      return truncated(sniffed.format, bytes);
    case 'photo':
      return inspectFormat(sniffed.format, bytes, { limits, fingerprint });
    default:
      return sniffed satisfies never;
  }
}

async function inspectFormat(
  format: PhotoFormat,
  bytes: Buffer,
  { limits, fingerprint }: { limits: InspectionLimits; fingerprint: (image: RgbImage | LumaImage) => Fingerprint },
): Promise<Inspection> {
  const { extent, isAnimated } = readContainer(format, bytes);
  if (isAnimated) return failed('unsupported-format', `Expected a still photo but received an animated ${format}`);
  if (extent === 'cut') return truncated(format, bytes);
  const header = await settle(readHeader(format, bytes));
  if (!header.ok) return failed('unreadable', `Expected the header of a ${format} but received: ${header.message}`);
  const refusal = refuseByLimits(header.value, limits);
  if (refusal !== undefined) return refusal;
  const { width, height } = header.value;
  const decoded = await settle(
    decodeLimit().hold(width * height, () => useForFingerprint(bytes, header.value, fingerprint)),
  );
  return decoded.ok ? { ok: true, format, ...header.value, ...decoded.value } : failed('unreadable', decoded.message);
}

/** Reads no pixel, so it costs almost nothing even if the file claims a huge size. */
async function readHeader(format: PhotoFormat, bytes: Buffer): Promise<Header> {
  const size = format === 'jpeg' ? plainJpegSize(bytes) : undefined;
  // Sites strip Exif from the sizes that they serve, so most photos need not be opened twice.
  if (size !== undefined) return { ...size, exifOrientation: 1 };
  const { autoOrient, orientation = 1 } = await sharp(bytes, OPEN_OPTIONS).metadata();
  return { ...autoOrient, exifOrientation: orientation >= 1 && orientation <= 8 ? orientation : 1 };
}

function refuseByLimits(header: Header, limits: InspectionLimits): RefusedPhoto | undefined {
  const { width, height } = header;
  const received = `but received ${width} x ${height}`;
  const shorter = Math.min(width, height);
  if (width * height > limits.maxPixels) {
    return failed('too-many-pixels', `Expected at most ${limits.maxPixels} pixels ${received}`);
  }
  if (shorter < limits.minSidePixels) {
    return dropped('too-small', `Expected at least ${limits.minSidePixels} pixels a side ${received}`);
  }
  if (Math.max(width, height) / shorter > limits.maxAspectRatio) {
    return dropped('aspect-ratio', `Expected sides of at most ${limits.maxAspectRatio} to 1 ${received}`);
  }
  return undefined;
}

function truncated(format: PhotoFormat, bytes: Buffer): RefusedPhoto {
  return failed('truncated', `Expected a whole ${format} but received its first ${bytes.length} bytes`);
}

function failed(reason: FailedReason, detail: string): RefusedPhoto {
  return { ok: false, state: 'failed', reason, detail };
}

function dropped(reason: DroppedReason, detail: string): RefusedPhoto {
  return { ok: false, state: 'dropped', reason, detail };
}

type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** libvips rejects for damaged content, which is a result here and not an exception. */
async function settle<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await promise };
  } catch (error) {
    return { ok: false, message: messageOf(error) };
  }
}
