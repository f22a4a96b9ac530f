import { displayPath } from '../../config/root.ts';
import { codeOf, messageOf, StopTheRun } from '../../kernel/errors.ts';

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
