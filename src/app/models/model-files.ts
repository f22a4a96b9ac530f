import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { FoundCard } from '../../collection/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
import { codeOf, messageOf, UsageError } from '../../kernel/errors.ts';

/** @throws UsageError `models-folder` if it cannot be written to */
export async function makeModelFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw notWritable(folder, error);
  }
}

/** Codes of the system's where the disk, or its owner, does not let write. */
export const NOT_ALLOWED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EISDIR']);

/** Code `models-folder`. */
export function notWritable(folder: string, cause: unknown): UsageError {
  return new UsageError(
    `Expected to be allowed to write model files to '${displayPath(folder)}' but it failed: ${messageOf(cause)}`,
    { code: 'models-folder', cause },
  );
}

/** Whether the file has the size and the SHA-256 of its card. */
export async function isWhole(file: string, { bytes, sha256 }: FoundCard): Promise<boolean> {
  return (await sizeOf(file)) === bytes && (await hashOf(file)) === sha256;
}

/** Bytes of a file; 0 if there is none. */
export async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** SHA-256 of a file, read in portions. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
