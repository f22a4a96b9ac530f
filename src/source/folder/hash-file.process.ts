import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { PhotoProblem } from '../source.ts';
import type { BytePath } from './byte-path.ts';
import { describeSystemError, kindOf, openWithoutBlocking } from './file-system.process.ts';
import { unreadable } from './folder-entry.ts';

/** 256 KiB. Hashing one piece blocks the event loop for less than a millisecond. */
const PIECE_BYTES = 256 * 1024;

export interface HashOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Unused buffers. Hashing takes one or makes a new one, and returns it afterwards. */
  readonly freeBuffers: Buffer[];
}

export type Hashed =
  | { readonly sha256: string; readonly problem: null }
  | { readonly sha256: null; readonly problem: PhotoProblem };

/**
 * Computes the SHA-256 of a regular file, piece by piece. Returns a problem if it is not a regular file, is over `maxBytes` (then
 * nothing is read), cannot be opened or read, or changes its length while it is read. Throws the signal's reason when aborted.
 */
export async function hashFile(path: BytePath, options: HashOptions): Promise<Hashed> {
  const buffer = options.freeBuffers.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
  let handle: FileHandle | undefined;
  try {
    options.signal.throwIfAborted();
    handle = await openWithoutBlocking(path);
    return await hashOpenFile(handle, buffer, options);
  } catch (error) {
    return failed(unreadable(describeSystemError(error)));
  } finally {
    options.freeBuffers.push(buffer);
    // Nothing was written, so an error on closing does not affect what was read.
    await handle?.close().catch(() => {});
  }
}

async function hashOpenFile(handle: FileHandle, buffer: Buffer, { maxBytes, signal }: HashOptions): Promise<Hashed> {
  const stats = await handle.stat();
  const kind = kindOf(stats);
  if (kind !== 'file') return failed(unreadable(`is a ${kind}, not a regular file`));
  if (stats.size > maxBytes) {
    const detail = `${stats.size} bytes, more than the ${maxBytes} that are allowed`;
    return failed({ state: 'failed', reason: 'too-large', detail });
  }
  const hash = createHash('sha256');
  let totalBytes = 0;
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    totalBytes += bytesRead;
    hash.update(buffer.subarray(0, bytesRead));
    // A regular file fills the buffer except at its end, so after a short read no further read is needed.
    if (bytesRead < buffer.length || totalBytes > stats.size) break;
  }
  if (totalBytes === stats.size) return { sha256: hash.digest('hex'), problem: null };
  return failed(unreadable(`changed while it was read: ${stats.size} bytes before, ${totalBytes} read`));
}

function failed(problem: PhotoProblem): Hashed {
  return { sha256: null, problem };
}
