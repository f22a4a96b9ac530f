import { statfs } from 'node:fs/promises';
import { displayPath } from '../../config/root.ts';
import { codeOf, messageOf, StopTheRun } from '../../kernel/errors.ts';

/** With less room than this, people should make some before a crawl. */
export const LOW_DISK_BYTES = 1e9;

/** Free bytes on the disk of an existing file or folder, without the reserve for root. */
export async function freeBytesOn(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** @throws StopTheRun `disk-full` if `work`, which writes below `target` (the folder of `--out`), finds no room */
export async function explainFullDisk<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!FULL.has(codeOf(error) ?? '')) throw error;
    throw new StopTheRun(
      `No room on the disk of ${displayPath(target)}: ${messageOf(error)}. Nothing unfinished stays there. Make room, or give --out a folder on another disk.`,
      { code: 'disk-full', cause: error },
    );
  }
}
