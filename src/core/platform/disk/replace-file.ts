import { randomBytes } from 'node:crypto';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from './folders.ts';

/** The end of the name of a file that is being written, or that a killed process left. */
export const UNFINISHED = '.unfinished';

export interface ReplaceOptions {
  readonly mode?: number;
  /** If true, the file and its folder are synced, so that the file survives a power cut. */
  readonly isDurable?: boolean;
}

/** Writes a file aside and renames it, so that a reader sees all of it or none. If it fails, nothing unfinished stays. */
export async function replaceFile(
  file: string,
  content: string | Uint8Array | Iterable<string> | AsyncIterable<string>,
  { mode = 0o666, isDurable = false }: ReplaceOptions = {},
): Promise<void> {
  const unfinished = `${file}.${randomBytes(6).toString('hex')}${UNFINISHED}`;
  try {
    const handle = await open(unfinished, 'wx', mode);
    try {
      await writeFile(handle, content);
      if (isDurable) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
    if (isDurable) await syncFolder(path.dirname(file));
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
}
