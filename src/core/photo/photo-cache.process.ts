import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../kernel/errors.ts';
import type { Sha256 } from '../kernel/ids.ts';
import { replaceFile } from '../platform/disk/replace-file.ts';
import type { App } from '../runtime/open/app.process.ts';

/**
 * Path of a file computed from a photo (a small copy, a heatmap, features), below `thumbnails/`. It may be removed at
 * any time, and is deleted when the photo is pruned or taken down. `kind`: the kind of file and the version of the code
 * that computes it.
 */
export function cachedFile(
  dataDir: string,
  { kind, sha256, end }: { readonly kind: string; readonly sha256: Sha256; readonly end: string },
): string {
  return path.join(folderOf(dataDir), kind, sha256.slice(0, 2), `${sha256}${end}`);
}

/** Stores a file in the cache. If that fails, the file is computed again each time. */
export async function keepCached({ log }: Pick<App, 'log'>, file: string, content: string | Uint8Array): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await replaceFile(file, content);
  } catch (error) {
    log.warn({ file, reason: messageOf(error) }, 'a file of the cache of photos cannot be stored');
  }
}

/** Removes all files of a photo from the cache, unfinished ones too. Does nothing if there are none. */
export async function removeCached(dataDir: string, sha256: Sha256): Promise<void> {
  const kinds = await readdir(folderOf(dataDir)).catch(() => []);
  for (const kind of kinds) {
    const folder = path.join(folderOf(dataDir), kind, sha256.slice(0, 2));
    const names = await readdir(folder).catch(() => []);
    for (const name of names) if (name.startsWith(sha256)) await rm(path.join(folder, name), { force: true });
  }
}

function folderOf(dataDir: string): string {
  return path.join(dataDir, 'thumbnails');
}
