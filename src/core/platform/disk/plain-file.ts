import { constants } from 'node:fs';
import { open, realpath, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { unlessCode } from '../../kernel/errors.ts';

/** Opening a link fails, and opening a pipe does not wait for its writer. Windows has neither flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** True if there is a file, also behind a link. */
export function isFile(place: string): Promise<boolean> {
  return stat(place).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Opens a file for reading. Null if it is something else. Opening a link fails. */
export async function openPlainFile(absolute: string): Promise<FileHandle | null> {
  const handle = await open(absolute, FLAGS);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return null;
}

/**
 * Opens a file below a folder, which itself may be reached through links. Null if the file, or a folder on the way to it, is a
 * link, or if it is no file.
 */
export async function openInside(folder: string, relative: string): Promise<FileHandle | null> {
  const absolute = path.join(folder, relative);
  const handle = await unlessCode(openPlainFile(absolute), 'ELOOP');
  if (handle === undefined || handle === null) return null;
  try {
    if ((await realpath(absolute)) === path.join(await realpath(folder), relative)) return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return null;
}
