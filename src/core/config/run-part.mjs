// This is plain JavaScript, because threads and processes start with it before anything can translate TypeScript.
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { builtProgram } from '../../cli/built.mjs';

const root = path.resolve(fileURLToPath(new URL('../../../', import.meta.url)));

/**
 * Runs a part of the program in this thread or process: the built part if the build is of the current sources, otherwise its
 * source. A worker thread cannot be started from TypeScript on Node 20, not even under tsx, so the loader is registered here.
 * Registering it costs a thread a second of CPU time. After a build, threads of tests start without it.
 *
 * @param {string} name of the part, as scripts/build.ts calls it
 * @param {() => Promise<unknown>} importSource imports the source of the part
 */
export async function runPart(name, importSource) {
  const built = builtProgram(root);
  if (built !== null) {
    await import(pathToFileURL(path.join(path.dirname(built), 'core', 'part', `${name}.mjs`)).href);
    return;
  }
  (await import('tsx/esm/api')).register();
  await importSource();
}
