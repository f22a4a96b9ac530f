#!/usr/bin/env node
// Starts the program: the result of `npm run build` (which starts in a third of the time), or the sources if they are
// newer.
import * as module from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { builtProgram } from '../config/built.mjs';

// libuv's pool decodes photos for every filter thread, and syncs each stored photo to disk. Most of its threads sleep
// in fsync. Its size is read when it is first used.
process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism() + 20);

// Node 22 and later keep what they compiled, which saves a tenth of a second of each start.
module.enableCompileCache?.();

const root = path.resolve(fileURLToPath(new URL('../../', import.meta.url)));
const built = builtProgram(root);
// `--import tsx` would only work from the package's own folder.
if (built === null) (await import('tsx/esm/api')).register();
const { main } = await (built === null ? import('./main.ts') : import(pathToFileURL(built).href));
await main(process.argv);
