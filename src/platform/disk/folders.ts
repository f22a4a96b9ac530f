import * as fs from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { codeOf } from '../../kernel/errors.ts';

/** Bare descriptors: a `FileHandle` costs ten times the time of the call, which matters at hundreds of photos a second. */
const open = promisify(fs.open);
const fsync = promisify(fs.fsync);
const close = promisify(fs.close);

/** Creates a folder and its parents. Returns whether the folder was missing. */
export async function makeFolder(folder: string, mode = 0o777): Promise<boolean> {
  try {
    return (await mkdir(folder, { recursive: true, mode })) !== undefined;
  } catch (error) {
    // On a read-only file system Node's recursive mkdir says ENOENT. The plain one gives the real error.
    if (codeOf(error) !== 'ENOENT') throw error;
    await mkdir(folder, { mode });
    return true;
  }
}

/** Makes a rename survive a power cut. Windows cannot open a folder for this and does not need it. */
export async function syncFolder(folder: string): Promise<void> {
  if (path.sep === '\\') return;
  const handle = await open(folder, 'r');
  try {
    await fsync(handle);
  } finally {
    await close(handle);
  }
}
