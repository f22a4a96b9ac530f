import { createHash } from 'node:crypto';
import type { PhotoProblem } from '../source.ts';
import { bytePathOf, pathOfFileUrl } from './byte-path.ts';
import { describeSystemError, kindOf, openWithoutBlocking } from './file-system.process.ts';
import { unreadable } from './folder-entry.ts';

/** Digits of the file's SHA-256 at the end of a `sourceId`. */
const HASH_DIGITS = /@([0-9a-f]{16})$/;

/**
 * Reads the whole file of a picture that discovery found. The bytes must still have the hash in its `sourceId`. A file that has
 * changed is another picture, which the next crawl will find.
 */
export async function readFolderPicture(
  picture: { readonly sourceId: string; readonly url: string },
  { maxBytes }: { readonly maxBytes: number },
): Promise<{ readonly ok: true; readonly bytes: Buffer } | ({ readonly ok: false } & PhotoProblem)> {
  try {
    const handle = await openWithoutBlocking(bytePathOf(pathOfFileUrl(picture.url)));
    try {
      const stats = await handle.stat();
      const kind = kindOf(stats);
      if (kind !== 'file') return { ok: false, ...unreadable(`is a ${kind}, not a regular file`) };
      if (stats.size > maxBytes) return { ok: false, ...tooLarge(stats.size, maxBytes) };
      const bytes = await handle.readFile();
      return isSame(bytes, picture.sourceId)
        ? { ok: true, bytes }
        : { ok: false, ...unreadable('changed since it was found: crawl the folder again') };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { ok: false, ...unreadable(describeSystemError(error)) };
  }
}

function isSame(bytes: Buffer, sourceId: string): boolean {
  const digits = HASH_DIGITS.exec(sourceId)?.[1];
  return digits === createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

function tooLarge(size: number, maxBytes: number): PhotoProblem {
  return { state: 'failed', reason: 'too-large', detail: `${size} bytes, more than the ${maxBytes} that are allowed` };
}
