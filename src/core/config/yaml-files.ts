import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessCode } from '../kernel/errors.ts';

const EXTENSION = /\.ya?ml$/;

export interface NamedFile {
  readonly name: string;
  /** Absolute. */
  readonly file: string;
}

/** The YAML files of some folders, sorted by name. A file hides those of the same name in later folders. Skips absent folders. */
export async function listYamlFiles(folders: readonly string[]): Promise<NamedFile[]> {
  const byName = new Map<string, NamedFile>();
  for (const folder of folders) {
    for (const entry of await namesInFolder(folder)) {
      const name = entry.replace(EXTENSION, '');
      if (EXTENSION.test(entry) && !byName.has(name)) byName.set(name, { name, file: join(folder, entry) });
    }
  }
  return [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The names in a folder, sorted; none if it is absent. */
export async function namesInFolder(folder: string): Promise<string[]> {
  const names = await unlessCode(readdir(folder), 'ENOENT', 'ENOTDIR');
  return names?.toSorted() ?? [];
}
