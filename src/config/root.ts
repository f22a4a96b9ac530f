import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json, so that commands find config/ and assets/ from any working directory. Absolute, no slash at the end. */
export const packageRoot: string = resolve(fileURLToPath(new URL('../../', import.meta.url)));

/** The folder in which the command was started. */
export function workingFolder(): string {
  return process.cwd();
}

/**
 * The folders in which to look for `config/<kind>`: the working directory's first, so that a user's own file comes before
 * the bundled one of the same name; then the package's. One folder when both are the same.
 */
export function configFolders(
  kind: 'collections' | 'models',
  root: string,
  workingDir: string = workingFolder(),
): string[] {
  return [...new Set([resolve(workingDir), resolve(root)])].map((base) => join(base, 'config', kind));
}

/** A path as people want to read it: relative to the working directory if it lies below, absolute otherwise. */
export function displayPath(path: string, workingDir: string = workingFolder()): string {
  const absolute = resolve(workingDir, path);
  const short = relative(workingDir, absolute);
  const isBelow = short !== '' && short !== '..' && !short.startsWith(`..${sep}`) && !isAbsolute(short);
  return isBelow ? short : absolute;
}
