import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { YamlFile } from '../config/yaml.ts';
import type { ClassTable } from './class-table.ts';
import type { CollectionDraft } from './collection.ts';

/** A collection file that is being checked, and the folders in which to look for the files that it names. */
export interface CollectionContext {
  readonly draft: CollectionDraft;
  readonly yaml: YamlFile;
  readonly file: string;
  readonly root: string;
  readonly workingDir: string;
  readonly table: ClassTable;
}

/** Finds a file that a collection names: relative to the collection file, the working directory or the package, in this order. */
export async function existingFile(
  path: string,
  { file, root, workingDir }: CollectionContext,
): Promise<string | null> {
  for (const base of [dirname(file), workingDir, root]) {
    const candidate = resolve(base, path);
    if (await isFile(candidate)) return candidate;
  }
  return null;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
