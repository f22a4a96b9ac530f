import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * Compiles scripts/pixel-module/pixels.as into src/core/photo/pixels/pixel-module-bytes.ts. With `--check` it only compares, for CI. npm
 * downloads the compiler (100 MB) when this script runs, because users of winnow do not need it.
 */
const COMPILER = 'assemblyscript@0.28.20';
const OPTIONS = ['--runtime', 'stub', '--enable', 'simd', '-O3', '--converge', '--noAssert', '--initialMemory', '1'];
const SOURCE = fileURLToPath(new URL('pixel-module/pixels.as', import.meta.url));
const TARGET = fileURLToPath(new URL('../src/core/photo/pixels/pixel-module-bytes.ts', import.meta.url));

/** Returns the bytes of the compiled module. */
function compile(): Buffer {
  const folder = mkdtempSync(path.join(tmpdir(), 'winnow-pixel-module-'));
  try {
    // The compiler requires the ending `.ts`. In the repository the file ends differently, so that our type check does not
    // read it.
    copyFileSync(SOURCE, path.join(folder, 'pixels.ts'));
    const args = ['exec', '--yes', `--package=${COMPILER}`, '--', 'asc', 'pixels.ts', '-o', 'pixels.wasm', ...OPTIONS];
    const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0)
      throw new Error(`Expected ${COMPILER} to compile ${SOURCE} but it ended with ${status ?? 'a signal'}`);
    return readFileSync(path.join(folder, 'pixels.wasm'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const text = `/** Made by scripts/build-pixel-module.ts from scripts/pixel-module/pixels.as: a WebAssembly module, base64. */
export const PIXEL_MODULE_BASE64 =
  '${compile().toString('base64')}';
`;
if (!process.argv.includes('--check')) writeFileSync(TARGET, text);
else if (readFileSync(TARGET, 'utf8') !== text) {
  console.error(
    `Expected ${TARGET} to be what scripts/build-pixel-module.ts makes but it is not: run it, and commit the result`,
  );
  process.exitCode = 1;
}
