import * as fs from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { codeOf } from '../../kernel/errors.ts';

/** Bare descriptors: a `FileHandle` costs ten times the time of the call, which matters at hundreds of photos a second. */
const open = promisify(fs.open);
const fsync = promisify(fs.fsync);

/**
 * Creates a folder and its parents, also while others create them. Returns whether the folder was missing.
 *
 * Node's `recursive` is not used: on a read-only file system it says ENOENT, and on /proc, which answers ENOENT to every mkdir,
 * it never ends.
 */
export async function makeFolder(folder: string, mode = 0o777): Promise<boolean> {
  try {
    return await makeOne(folder, mode);
  } catch (error) {
    const parent = path.dirname(folder);
    if (codeOf(error) !== 'ENOENT' || parent === folder) throw error;
    await makeFolder(parent);
    return makeOne(folder, mode);
  }
}

export const PRIVATE = 0o700;

/** For the current user only: photos and names are in it. A folder that is there keeps its mode, which may share it. */
export function makeDataFolder(dataDir: string): Promise<boolean> {
  return makeFolder(dataDir, PRIVATE);
}

async function makeOne(folder: string, mode: number): Promise<boolean> {
  try {
    await mkdir(folder, { mode });
    return true;
  } catch (error) {
    if (await isFolder(folder)) return false;
    throw error;
  }
}

function isFolder(folder: string): Promise<boolean> {
  return stat(folder).then(
    (state) => state.isDirectory(),
    () => false,
  );
}

/** Makes a rename survive a power cut. Windows cannot open a folder for this and does not need it. */
export async function syncFolder(folder: string): Promise<void> {
  if (path.sep === '\\') return;
  const handle = await open(folder, 'r');
  try {
    await fsync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
