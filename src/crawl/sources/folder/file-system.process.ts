import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';
import { StopTheRun, codeOf } from '../../../kernel/errors.ts';
import { unreadable } from '../misfit.ts';
import type { PhotoProblem } from '../../../kernel/reasons.ts';
import { bufferOf, bytePathOf } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';

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

/**
 * Opens a file for reading. It never waits for a writer (O_NONBLOCK), and does not follow a link that has replaced the file
 * since it was checked (O_NOFOLLOW: ELOOP). The caller must close it. Windows has neither flag.
 */
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
      if (kind !== 'file') return unreadable(`is a ${kind}, not a regular file`);
      if (stats.size <= maxBytes) return await use(handle, stats.size);
      const detail = `${stats.size} bytes, more than the ${maxBytes} that are allowed`;
      return { state: 'failed', reason: 'too-large', detail };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return unreadable(describeSystemError(error));
  }
}

/** The process has run out of a resource. This is not the file's fault, and the following files would fail as well. */
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Describes an error of the file system for people, without the path ("EACCES: permission denied"). Rethrows other errors (an
 * abort, a defect). Throws StopTheRun if every further file would fail as well.
 */
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
