import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LOST_BYTES_CURE, LostBytes, orLoss } from '../../kernel/blobs.ts';
import { Interrupted } from '../../kernel/errors.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import type { App } from '../open/app.ts';

const THUMBNAIL_QUALITY = 78;

/** Part of the folder names. Thumbnails from versions that did not hash a photo's bytes are not used. */
const VERSION = 2;

/**
 * The thumbnail of a stored photo, or null if its bytes are lost. It is made once and cached under `thumbnails/`, where
 * it may be removed at any time. Rejects with Interrupted once the signal aborts.
 */
export async function thumbnailOf(
  app: Pick<App, 'blobs' | 'config' | 'dataDir' | 'log'>,
  sha256: Sha256,
  signal: AbortSignal,
): Promise<Buffer | null> {
  if (signal.aborted) throw new Interrupted();
  const { thumbnailPixels } = app.config.shortlist;
  const file = fileOf(path.join(folderOf(app.dataDir), `${thumbnailPixels}-${THUMBNAIL_QUALITY}-v${VERSION}`), sha256);
  const kept = await readFile(file).catch(() => null);
  if (kept !== null && isWhole(kept)) return kept;
  const bytes = await orLoss(app.blobs.read(sha256));
  if (bytes instanceof LostBytes) {
    app.log.warn({ sha256, reason: bytes.message }, `the bytes of a listed photo are lost; ${LOST_BYTES_CURE}`);
    return null;
  }
  // Loads sharp, which commands that only remove thumbnails do not need.
  const { thumbnailJpeg } = await import('../../platform/image/thumbnail.ts');
  const made = await thumbnailJpeg(bytes, { maxSidePixels: thumbnailPixels, quality: THUMBNAIL_QUALITY });
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, made);
  return made;
}

/** Removes the thumbnails of a photo in every size. Does nothing if there are none. */
export async function removeThumbnails(dataDir: string, sha256: Sha256): Promise<void> {
  const folder = folderOf(dataDir);
  const sizes = await readdir(folder).catch(() => []);
  for (const size of sizes) await rm(fileOf(path.join(folder, size), sha256), { force: true });
}

function folderOf(dataDir: string): string {
  return path.join(dataDir, 'thumbnails');
}

function fileOf(folder: string, sha256: Sha256): string {
  return path.join(folder, sha256.slice(0, 2), `${sha256}.jpg`);
}

/**
 * Another process may be writing the file, or a crash may have cut it. A whole JPEG begins with SOI and ends with EOI (ITU
 * T.81, B.1.1.3).
 */
function isWhole(bytes: Buffer): boolean {
  return bytes.length > 4 && bytes.readUInt16BE(0) === 0xffd8 && bytes.readUInt16BE(bytes.length - 2) === 0xffd9;
}
