import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { BASE_STYLE } from '../ui/shared/base-style.ts';
import { PAGES } from './pages.tsx';

/** A file that the pages load. */
export interface Asset {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** By file name. */
export type Assets = ReadonlyMap<string, Asset>;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/**
 * The scripts and styles of the pages, as `npm run build` made them; or made now, from the sources.
 *
 * @param builtFolder null if there is none that is of the sources as they are
 */
export async function loadAssets(root: string, builtFolder: string | null): Promise<Assets> {
  const files = builtFolder === null ? await bundlePages(root) : await readFolder(builtFolder);
  return new Map(
    files.flatMap(({ name, bytes }) => {
      const mediaType = MEDIA_TYPES[path.extname(name)];
      return mediaType === undefined ? [] : [[name, { bytes, mediaType }] as const];
    }),
  );
}

interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

async function readFolder(folder: string): Promise<NamedBytes[]> {
  const names = await readdir(folder);
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(path.join(folder, name)) })));
}

/** Translates `src/ui` for browsers: a script for each page, and one style sheet for all. */
export async function bundlePages(root: string): Promise<NamedBytes[]> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [
      { in: 'src/ui/shared/pages.css', out: 'style' },
      ...PAGES.flatMap(({ script }) => (script === null ? [] : [{ in: `src/ui/${script}/main.tsx`, out: script }])),
    ],
    outdir: 'ui',
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['es2022', 'chrome110', 'firefox110', 'safari16'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    write: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
  return outputFiles.map((file) => {
    const name = path.basename(file.path);
    return { name, bytes: name.endsWith('.css') ? Buffer.from(BASE_STYLE + file.text) : file.contents };
  });
}
