import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { displayPath } from '../../config/root.ts';
import { codeOf, UsageError, WinnowError } from '../../kernel/errors.ts';
import { syncFolder } from '../../platform/blobs/blob-folder.ts';
import { withFileLock } from '../../platform/lock/file-lock.ts';
import { makeModelFolder, notWritable } from './model-files.ts';

/** Long enough for another call to write a large model. */
const LOCK_WAIT_MS = 60_000;

/** The folder of a model while it is written, or before its files are removed. No command reads a folder of such a name. */
const unfinishedOf = (folder: string): string =>
  path.join(path.dirname(folder), `.${path.basename(folder)}.unfinished`);

/**
 * Writes the folder of a model under another name and renames it at the end, so that a model is either there with all of its
 * files or not at all.
 *
 * @throws UsageError `model-exists` if there is something of that name, `models-folder`
 */
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

/** Removes the folder of a model: renames it first, so that no command finds half of it. */
export async function removeStored(folder: string): Promise<void> {
  await changeModels(folder, async () => {
    await rename(folder, unfinishedOf(folder));
    await rm(unfinishedOf(folder), { recursive: true });
  });
}

/** Of `rename` when its target is a folder with files, or a file. */
const TAKEN: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST', 'ENOTDIR']);

function exists(folder: string): UsageError {
  return new UsageError(`Expected a name that is free for --name but '${displayPath(folder)}' is there already`, {
    code: 'model-exists',
  });
}

/** One process at a time changes the models of a project. It first removes what killed processes left. */
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
