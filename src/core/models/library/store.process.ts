import { mkdir, readdir, rename, rm, writeFile, access, stat } from 'node:fs/promises';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { displayPath } from '../../config/root.ts';
import { codeOf, UsageError, WinnowError, messageOf, unlessCode } from '../../kernel/errors.ts';
import { syncFolder, makeFolder } from '../../platform/disk/folders.ts';
import { withFileLock } from '../../platform/lock/file-lock.ts';
import type { FoundCard } from '../../collection/cards/model-card.process.ts';

/** Long enough for another call to write a large model. */
const LOCK_WAIT_MS = 60_000;

/** The name of a model's folder while it is being written or removed. No command reads such a folder. */
const unfinishedOf = (folder: string): string =>
  path.join(path.dirname(folder), `.${path.basename(folder)}.unfinished`);

/** Writes a model's folder, with all of its files or not at all. @throws UsageError `model-exists`, `models-folder` */
export async function storeModel(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  const unfinished = unfinishedOf(folder);
  await makeModelFolder(path.dirname(folder));
  await changeModels(folder, async () => {
    try {
      await mkdir(unfinished);
      for (const [name, bytes] of Object.entries(files))
        await writeFile(path.join(unfinished, name), bytes, { flush: true });
      await syncFolder(unfinished);
      await rename(unfinished, folder);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      throw TAKEN.has(codeOf(error) ?? '') ? exists(folder) : error;
    }
  });
}

/** Removes the folder of a model. It renames the folder first, so that no command finds a part of it. */
export async function removeStored(folder: string): Promise<void> {
  await changeModels(folder, async () => {
    await rename(folder, unfinishedOf(folder));
    await rm(unfinishedOf(folder), { recursive: true });
  });
}

/** Errors of `rename` if its target is a file or a folder with files. */
const TAKEN: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST', 'ENOTDIR']);

function exists(folder: string): UsageError {
  return new UsageError(`Expected a new name for --name but '${displayPath(folder)}' already exists`, {
    code: 'model-exists',
  });
}

/** Changes the models of a project. Only one process does so at a time. It first removes what killed processes left. */
async function changeModels(folder: string, change: () => Promise<void>): Promise<void> {
  const models = path.dirname(folder);
  const lock = { path: path.join(models, '.lock'), purpose: 'changing models', waitMs: LOCK_WAIT_MS };
  try {
    await withFileLock(lock, async () => {
      for (const name of await readdir(models))
        if (/^\..+\.unfinished$/.test(name)) await rm(path.join(models, name), { recursive: true, force: true });
      await change();
      await syncFolder(models);
    });
  } catch (error) {
    throw error instanceof WinnowError ? error : notWritable(models, error);
  }
}

/** @throws UsageError `models-folder` if the folder cannot be written to */
export async function makeModelFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw notWritable(folder, error);
  }
}

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
  return (await unlessCode(stat(file), 'ENOENT'))?.size ?? 0;
}

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
