import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. With it, commands find config/ and assets/ from any working directory. Absolute, without a final slash. */
export const packageRoot: string = resolve(fileURLToPath(new URL('../../../', import.meta.url)));

export function workingFolder(): string {
  return process.cwd();
}

/**
 * The `config/<kind>` folders to search, in order. The working directory comes first, so that a user's file hides the bundled
 * file of the same name. The package's folder comes second. If both are the same folder, it is listed once.
 */
export function configFolders(
  kind: 'collections' | 'models',
  root: string,
  workingDir: string = workingFolder(),
): string[] {
  return [...new Set([resolve(workingDir), resolve(root)])].map((base) => join(base, 'config', kind));
}

/** A path for messages: relative if it lies below the working directory, absolute otherwise. */
export function displayPath(path: string, workingDir: string = workingFolder()): string {
  const absolute = resolve(workingDir, path);
  const short = relative(workingDir, absolute);
  const isBelow = short !== '' && short !== '..' && !short.startsWith(`..${sep}`) && !isAbsolute(short);
  return isBelow ? short : absolute;
}
