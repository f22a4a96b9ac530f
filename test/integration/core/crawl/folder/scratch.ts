import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { discoverFolder } from '../../../../../src/core/crawl/sources/folder/discover-folder.process.ts';
import type { DiscoverFolderOptions } from '../../../../../src/core/crawl/sources/folder/discover-folder.process.ts';
import type { FoundPhoto } from '../../../../../src/core/crawl/sources/source.ts';

/** Makes a folder with these files (path -> content), which is removed after the test. Other users may read it. */
export function scratchFolder(files: Readonly<Record<string, string | Buffer>> = {}): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'winnow-folder-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const root = join(dir, 'photos');
  mkdirSync(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

export async function discover(dir: string, options: Partial<DiscoverFolderOptions> = {}): Promise<FoundPhoto[]> {
  const found: FoundPhoto[] = [];
  for await (const photo of discoverFolder(dir, { signal: new AbortController().signal, ...options }))
    found.push(photo);
  return found;
}

/** Returns `n1/a.jpg` for the source id `n1/a.jpg@0123456789abcdef`. */
export function pathOf(photo: FoundPhoto): string {
  return photo.sourceId.slice(0, photo.sourceId.lastIndexOf('@'));
}

/** Returns one short line for each photo: path, class, and its problem, if any. */
export function summary(photos: readonly FoundPhoto[]): string[] {
  return photos.map((photo) => `${pathOf(photo)} [${photo.label}] ${photo.problem?.reason ?? 'ok'}`);
}

export async function openFilesBelow(dir: string): Promise<string[]> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(dir));
}

/** Runs as a user whom file modes restrict. They do not restrict root. */
export async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  const nobody = 65_534;
  process.seteuid?.(nobody);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}
