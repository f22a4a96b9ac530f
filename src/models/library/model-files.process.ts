import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { FoundCard } from '../../collection/cards/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
import { codeOf, messageOf, UsageError } from '../../kernel/errors.ts';
import { makeFolder } from '../../platform/disk/folders.ts';

/** @throws UsageError `models-folder` if the folder cannot be written to */
export async function makeModelFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw notWritable(folder, error);
  }
}

/** Codes of system errors that mean that writing is not allowed. */
export const NOT_ALLOWED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EISDIR']);

export function notWritable(folder: string, cause: unknown): UsageError {
  return new UsageError(`Cannot write model files to '${displayPath(folder)}': ${messageOf(cause)}`, {
    code: 'models-folder',
    cause,
  });
}

export async function isWhole(file: string, { bytes, sha256 }: FoundCard): Promise<boolean> {
  return (await sizeOf(file)) === bytes && (await hashOf(file)) === sha256;
}

/** The size of a file in bytes. 0 if there is no such file. */
export async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
