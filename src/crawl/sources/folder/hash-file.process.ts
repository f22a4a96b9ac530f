import { createHash } from 'node:crypto';
import { unreadable } from '../misfit.ts';
import type { PhotoProblem } from '../../../kernel/reasons.ts';
import type { BytePath } from './byte-path.ts';
import { useFile } from './file-system.process.ts';

/** 256 KiB. Hashing one piece blocks the event loop for less than a millisecond. */
const PIECE_BYTES = 256 * 1024;

/**
 * Computes the SHA-256 of a regular file in hex, piece by piece. Returns a problem if it is not a regular file, is over
 * `maxBytes` (then nothing is read), cannot be opened or read, or changes its length while it is read. Throws the signal's
 * reason when aborted.
 */
export function hashFile(
  path: BytePath,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<string | PhotoProblem> {
  return useFile(path, maxBytes, async (handle, bytes) => {
    const hash = createHash('sha256');
    // One byte more than the file has shows that it has grown.
    const buffer = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, bytes + 1));
    let [totalBytes, isAll] = [0, false];
    while (!isAll && totalBytes <= bytes) {
      signal.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes + 1 - totalBytes), null);
      hash.update(buffer.subarray(0, bytesRead));
      totalBytes += bytesRead;
      // A regular file fills the buffer except at its end, so after a short read no further read is needed.
      isAll = bytesRead < buffer.length;
    }
    if (totalBytes === bytes) return hash.digest('hex');
    return unreadable(`changed while it was read: ${bytes} bytes before, ${totalBytes} read`);
  });
}
