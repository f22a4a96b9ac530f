import { readFile } from 'node:fs/promises';
import { LOST_BYTES_CURE, LostBytes, orLoss } from '../kernel/blobs.ts';
import { Interrupted } from '../kernel/errors.ts';
import type { Sha256 } from '../kernel/ids.ts';
import type { App } from '../runtime/open/app.process.ts';
import { cachedFile, keepCached, removeCached } from './photo-cache.process.ts';

/** Pixels of the longer side of a preview: enough to judge a photo on a large screen. */
const PREVIEW_PIXELS = 1_600;
export const THUMBNAIL_QUALITY = 78;
const PREVIEW_QUALITY = 82;
/** A report holds some sixty pictures, and should stay below 3 MB. */
const REPORT_PIXELS = 320;
const REPORT_QUALITY = 70;

/** Part of the folder names. Copies of older versions (JPEG, or of bytes that were not hashed) are not used. */
const VERSION = 3;

type SmallCopyDeps = Pick<App, 'blobs' | 'config' | 'dataDir' | 'log'>;

/** WebP, cached. Null if the bytes are lost. Rejects with Interrupted once the signal aborts. */
export function thumbnailOf(app: SmallCopyDeps, sha256: Sha256, signal: AbortSignal): Promise<Buffer | null> {
  const size = { maxSidePixels: app.config.shortlist.thumbnailPixels, quality: THUMBNAIL_QUALITY };
  return copyOfPhoto(app, { sha256, ...size }, signal);
}

/** For looking at one photo: its longer side has at most 1,600 pixels. */
export function previewOf(app: SmallCopyDeps, sha256: Sha256, signal: AbortSignal): Promise<Buffer | null> {
  return copyOfPhoto(app, { sha256, maxSidePixels: PREVIEW_PIXELS, quality: PREVIEW_QUALITY }, signal);
}

/** For the file of a report: its longer side has at most 320 pixels, whatever the settings are. */
export function reportCopyOf(app: SmallCopyDeps, sha256: Sha256, signal: AbortSignal): Promise<Buffer | null> {
  return copyOfPhoto(app, { sha256, maxSidePixels: REPORT_PIXELS, quality: REPORT_QUALITY }, signal);
}

export interface SmallCopy {
  readonly sha256: Sha256;
  readonly maxSidePixels: number;
  /** WebP quality, 1 to 100. */
  readonly quality: number;
}

async function copyOfPhoto(app: SmallCopyDeps, copy: SmallCopy, signal: AbortSignal): Promise<Buffer | null> {
  if (signal.aborted) throw new Interrupted();
  const { sha256 } = copy;
  const made = await smallCopyOf(app, copy, async () => {
    const bytes = await orLoss(app.blobs.read(sha256));
    if (!(bytes instanceof LostBytes)) return bytes;
    app.log.warn({ sha256, reason: bytes.message }, `the bytes of a listed photo are lost; ${LOST_BYTES_CURE}`);
    return null;
  });
  // A photo may be taken down while its copy is made. Its bytes are deleted first, then its copies.
  if (made?.isNew === true && (await orLoss(app.blobs.sizeOf(sha256))) === null) {
    await removeCached(app.dataDir, sha256);
    return null;
  }
  return made?.webp ?? null;
}

export async function smallCopyOf(
  { dataDir, log }: Pick<App, 'dataDir' | 'log'>,
  { sha256, maxSidePixels, quality }: SmallCopy,
  read: () => Promise<Buffer | null>,
): Promise<{ readonly webp: Buffer; readonly isNew: boolean } | null> {
  const size = `${maxSidePixels}-${quality}-v${VERSION}`;
  const file = cachedFile(dataDir, { kind: size, sha256, end: '.webp' });
  const kept = await readFile(file).catch(() => null);
  if (kept !== null && isWhole(kept)) return { webp: kept, isNew: false };
  const bytes = await read();
  if (bytes === null) return null;
  // Loads sharp, which commands that only remove thumbnails do not need.
  const { smallWebp } = await import('../platform/image/thumbnail.ts');
  const webp = await smallWebp(bytes, { maxSidePixels, quality });
  await keepCached({ log }, file, webp);
  return { webp, isNew: true };
}

/**
 * A crash may have cut the file before its bytes were on the disk. A WebP file tells its own size: `RIFF`, the number of
 * bytes that follow (32 bits, little-endian), `WEBP`. https://developers.google.com/speed/webp/docs/riff_container
 */
function isWhole(bytes: Buffer): boolean {
  return (
    bytes.length > 12 &&
    bytes.toString('latin1', 0, 4) === 'RIFF' &&
    bytes.readUInt32LE(4) + 8 === bytes.length &&
    bytes.toString('latin1', 8, 12) === 'WEBP'
  );
}
