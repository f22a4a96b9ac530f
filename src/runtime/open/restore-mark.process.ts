import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, UsageError } from '../../kernel/errors.ts';
import { makeDataFolder, syncFolder } from '../../platform/disk/folders.ts';

/** The mark of a restore whose catalogue does not exist yet. It holds the id of the snapshot. */
export const RESTORE_MARK = 'restore-unfinished';

/**
 * Marks a data folder before a restore creates anything else in it, so that other commands do not take it for an empty project.
 * Once the catalogue itself says that it is being restored, `unmarkRestore` removes the mark.
 */
export async function markRestore(dataDir: string, snapshot: string): Promise<void> {
  await makeDataFolder(path.resolve(dataDir));
  await writeFile(path.join(dataDir, RESTORE_MARK), `${snapshot}\n`);
  await syncFolder(dataDir);
}

export async function unmarkRestore(dataDir: string): Promise<void> {
  await rm(path.join(dataDir, RESTORE_MARK), { force: true });
}

/** @throws UsageError `restore-unfinished` if a restore has marked the data folder */
export async function refuseMarkedRestore(dataDir: string): Promise<void> {
  const snapshot = await markedRestore(dataDir);
  if (snapshot !== null) throw unfinishedRestore(snapshot, `the data folder '${dataDir}'`);
}

export function unfinishedRestore(snapshot: string, shown: string): UsageError {
  return new UsageError(
    `A restore of the snapshot ${snapshot} into ${shown} is not finished. Run winnow restore with --snapshot ${snapshot} again.`,
    { code: 'restore-unfinished' },
  );
}

/** The snapshot whose restore has marked the data folder, or null. A kill may leave the mark without its text. */
export async function markedRestore(dataDir: string): Promise<string | null> {
  try {
    return (await readFile(path.join(dataDir, RESTORE_MARK), 'utf8')).trim() || 'unknown';
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}
