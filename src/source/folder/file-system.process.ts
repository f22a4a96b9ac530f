import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { lstat, open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';
import { StopTheRun, codeOf } from '../../kernel/errors.ts';
import { bufferOf, bytePathOf } from './byte-path.ts';
import type { BytePath } from './byte-path.ts';

export type NodeKind = 'file' | 'directory' | 'symbolic link' | 'FIFO' | 'socket' | 'device';

/** What `Stats` and `Dirent` both answer. */
type Typed = Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink' | 'isFIFO' | 'isSocket'>;

export function kindOf(node: Typed): NodeKind {
  if (node.isFile()) return 'file';
  if (node.isDirectory()) return 'directory';
  if (node.isSymbolicLink()) return 'symbolic link';
  if (node.isFIFO()) return 'FIFO';
  return node.isSocket() ? 'socket' : 'device';
}

/** Where a path ends after all links, and what is there. Throws the system's error (ENOENT, ELOOP, EACCES, ...). */
export async function resolvePath(path: BytePath): Promise<{ readonly real: BytePath; readonly kind: NodeKind }> {
  const real = await realpath(bufferOf(path), { encoding: 'buffer' });
  return { real: bytePathOf(real), kind: kindOf(await lstat(real)) };
}

/**
 * Opens for reading without ever waiting for a writer (O_NONBLOCK) and without following a link that took the file's
 * place since it was looked at (O_NOFOLLOW: ELOOP). The caller closes it. Windows has neither flag.
 */
export function openWithoutBlocking(path: BytePath): Promise<FileHandle> {
  return open(bufferOf(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
}

/** The process, not the file, has run out of something: the files that follow would fail alike. */
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * What the file system said, for people, without the path ("EACCES: permission denied"). Rethrows what did not come
 * from it (an abort, a defect), and raises StopTheRun where going on would fail every file.
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
