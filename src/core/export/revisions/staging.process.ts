import { lstat, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { displayPath } from '../../config/root.ts';
import { codeOf, messageOf, StopTheRun, UsageError } from '../../kernel/errors.ts';
import { sha256Of } from '../../tools/sha256.ts';
import { makeFolder, syncFolder } from '../../platform/disk/folders.ts';
import { explainFullDisk } from '../../platform/disk/full-disk.ts';
import { withFileLock } from '../../platform/lock/file-lock.ts';

const LOCK_WAIT_MS = 0;

/**
 * Runs `work` on an empty folder beside `target`. Its subfolder `revision` then becomes `target`, so that there is
 * never half an export under that name. If `work` fails, nothing stays. `locks`: the folder for the lock of the place.
 * @throws UsageError `export-exists`; StopTheRun `lock-timeout` if another process writes there, `export-folder`,
 * `disk-full`
 */
export async function withStaging<T>(
  { target, locks }: { readonly target: string; readonly locks: string },
  work: (staging: string) => Promise<T>,
): Promise<T> {
  const name = sha256Of(target).slice(0, 16);
  const lock = {
    path: path.join(locks, `export-${name}.lock`),
    purpose: `exporting to ${target}`,
    waitMs: LOCK_WAIT_MS,
  };
  await refuseExisting(target);
  await orUnusable(target, () => makeFolder(path.dirname(target)));
  return withFileLock(lock, async () => {
    const staging = path.join(path.dirname(target), `.${path.basename(target)}.unfinished`);
    await rm(staging, { recursive: true, force: true });
    await orUnusable(target, () => makeFolder(staging));
    try {
      const result = await explainFullDisk(target, () => work(staging));
      await refuseExisting(target);
      await rename(path.join(staging, REVISION), target);
      await syncFolder(path.dirname(target));
      return result;
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  });
}

export const REVISION = 'revision';

async function refuseExisting(target: string): Promise<void> {
  if (await orUnusable(target, () => isFree(target))) return;
  let version = 2;
  const next = (): string => `${target.replace(/-v\d+$/, '')}-v${version}`;
  while (!(await isFree(next()))) version += 1;
  throw new UsageError(
    `There is something at ${displayPath(target)} already. A revision is never changed: give --out a new folder, such as ${displayPath(next())}.`,
    { code: 'export-exists' },
  );
}

/** True if the folder does not exist or is empty. */
async function isFree(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    // A parent path may also be a file.
    const isFile = codeOf(error) === 'ENOTDIR' && (await lstat(folder).catch(() => null)) !== null;
    if (isFile) return false;
    throw error;
  }
}

/** @throws StopTheRun with the code, for any error of `use` */
export async function orUnusable<T>(target: string, use: () => Promise<T>, code = 'export-folder'): Promise<T> {
  try {
    return await use();
  } catch (error) {
    throw new StopTheRun(`Cannot write to ${displayPath(target)}: ${messageOf(error)}. Give --out another folder.`, {
      code,
      cause: error,
    });
  }
}
