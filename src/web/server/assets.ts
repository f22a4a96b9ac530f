import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { REPORT_STYLE } from '../../measure/report/page/style.ts';
import { BASE_STYLE } from '../../core/page/base-style.ts';
import { SCRIPTS } from './pages.tsx';

export type Assets = ReadonlyMap<string, Uint8Array>;

/** Media types by the extension of a file's name. A file with another extension is not sent. */
export const MEDIA_TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** @param builtFolder null to translate the sources now */
export async function loadAssets(root: string, builtFolder: string | null): Promise<Assets> {
  if (builtFolder === null) return bundlePages(root);
  const names = await readdir(builtFolder);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(path.join(builtFolder, name))] as const)),
  );
}

/** Translates `src/web/pages` for browsers: a script for each page, what several pages share once, and one style sheet for all. */
export async function bundlePages(root: string): Promise<Assets> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'src/web/pages/pages.css', out: 'style' },
      ...SCRIPTS.map((script) => ({
        in: `src/web/pages/${script}/main.tsx`,
        out: script,
      })),
    ],
    outdir: 'ui',
    bundle: true,
    splitting: true,
    chunkNames: 'shared-[hash]',
    minify: true,
    format: 'esm',
    target: ['es2022', 'chrome110', 'firefox110', 'safari16'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    write: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
  return new Map(
    outputFiles.map((file) => {
      const name = path.basename(file.path);
      return [name, name.endsWith('.css') ? Buffer.from(BASE_STYLE + REPORT_STYLE + file.text) : file.contents];
    }),
  );
}
