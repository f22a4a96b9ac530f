import { constants, type Stats } from 'node:fs';
import { lstat, open, realpath, type FileHandle } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';
import { StopTheRun, codeOf } from '../../../kernel/errors.ts';
import { unreadablePhoto } from '../source.ts';
import type { PhotoProblem } from '../../../kernel/reasons.ts';
import { bufferOf, bytePathOf, type BytePath } from './byte-path.ts';
import { createHash } from 'node:crypto';

export type NodeKind = 'file' | 'directory' | 'symbolic link' | 'FIFO' | 'socket' | 'device';

type Typed = Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink' | 'isFIFO' | 'isSocket'>;

export function kindOf(node: Typed): NodeKind {
  if (node.isFile()) return 'file';
  if (node.isDirectory()) return 'directory';
  if (node.isSymbolicLink()) return 'symbolic link';
  if (node.isFIFO()) return 'FIFO';
  return node.isSocket() ? 'socket' : 'device';
}

/** Follows all links of a path, and returns the final path and its kind. Throws the system's error (ENOENT, ELOOP, EACCES, ...). */
export async function resolvePath(path: BytePath): Promise<{ readonly real: BytePath; readonly kind: NodeKind }> {
  const real = await realpath(bufferOf(path), { encoding: 'buffer' });
  return { real: bytePathOf(real), kind: kindOf(await lstat(real)) };
}

/** Never waits for a writer (O_NONBLOCK), nor follows a link that replaced the file (O_NOFOLLOW: ELOOP). Windows has neither. */
export function openWithoutBlocking(path: BytePath): Promise<FileHandle> {
  return open(bufferOf(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
}

/** Gives `use` the open file and its size. Returns the problem of a file that cannot be used. */
export async function useFile<T>(
  path: BytePath,
  maxBytes: number,
  use: (handle: FileHandle, bytes: number) => Promise<T>,
): Promise<T | PhotoProblem> {
  try {
    const handle = await openWithoutBlocking(path);
    try {
      const stats = await handle.stat();
      const kind = kindOf(stats);
      if (kind !== 'file') return unreadablePhoto(`is a ${kind}, not a regular file`);
      if (stats.size <= maxBytes) return await use(handle, stats.size);
      const detail = `${stats.size} bytes, more than the ${maxBytes} that are allowed`;
      return { state: 'failed', reason: 'too-large', detail };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return unreadablePhoto(describeSystemError(error));
  }
}

/** The process has run out of a resource. This is not the file's fault, and the following files would fail as well. */
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/** Text for people without the path. Rethrows other errors. Throws StopTheRun if every further file would fail as well. */
export function describeSystemError(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined || !(error instanceof Error && 'errno' in error && typeof error.errno === 'number'))
    throw error;
  const [, text = 'unknown error'] = getSystemErrorMap().get(error.errno) ?? [];
  if (!EXHAUSTED.has(code)) return `${code}: ${text}`;
  throw new StopTheRun(
    `Expected to open files for reading but received '${code}: ${text}'; raise the limit (ulimit -n) and try again`,
    { code: 'out-of-files', cause: error },
  );
}

/** 256 KiB. Hashing one piece blocks the event loop for less than a millisecond. */
const PIECE_BYTES = 256 * 1024;

/**
 * The SHA-256 in hex, piece by piece. Returns a problem if it is not a regular file, is over `maxBytes` (then nothing is read),
 * cannot be read, or changes its length while it is read. Throws the signal's reason when aborted.
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
    return unreadablePhoto(`changed while it was read: ${bytes} bytes before, ${totalBytes} read`);
  });
}
