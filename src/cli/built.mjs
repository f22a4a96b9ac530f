// This is plain JavaScript, because winnow.cjs and scripts/build.ts load it before anything can translate TypeScript.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/** The folder of the built program, in the package. */
export const BUILT = 'dist';
const STAMP = 'stamp';
const WATCHED = ['package.json', 'package-lock.json'];

/**
 * A stamp that shows whether a build belongs to the current sources: names, sizes and times of all files that go into
 * it. It is computed at every start, so no file is read (about 15 ms).
 *
 * @param {string} root absolute path of the package's folder, without a slash at its end
 * @returns {string}
 */
export function stampOf(root) {
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`);
  const lines = [...sources, ...WATCHED.map((name) => `${root}/${name}`)].toSorted().map((file) => {
    const { size, mtimeMs } = statSync(file);
    return `${file.slice(root.length)}\0${size}\0${mtimeMs}\n`;
  });
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/**
 * The program that `npm run build` made, or null if there is none or the sources have changed since. A package without
 * sources, such as a container image, always uses its build.
 *
 * @param {string} root the folder of the package
 * @returns {string | null} the path of the module to import
 */
export function builtProgram(root) {
  try {
    const folder = path.join(root, BUILT);
    const stamp = readFileSync(path.join(folder, STAMP), 'utf8');
    const isFresh = !existsSync(path.join(root, 'src', 'main.ts')) || stamp === stampOf(root);
    return isFresh ? path.join(folder, 'main.mjs') : null;
  } catch {
    return null;
  }
}

/** @param {string} folder of the built program, complete except for this file */
export function stampFile(folder) {
  return path.join(folder, STAMP);
}
