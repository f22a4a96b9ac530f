#!/usr/bin/env node
// Starts the program: as `npm run build` has made it (a third of the time to start), or its sources if they are newer.
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { builtProgram } from './start/built.mjs';

// libuv's pool decodes photos for every filter thread, and waits for the disk for every photo that is stored: most of its
// threads sleep in fsync. It is sized when first used.
process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism() + 20);

const root = path.resolve(fileURLToPath(new URL('../../', import.meta.url)));
const built = builtProgram(root);
// Not `--import tsx`, which would only work from the package's own folder.
if (built === null) (await import('tsx/esm/api')).register();
const { main } = await (built === null ? import('./main.ts') : import(pathToFileURL(built).href));
await main(process.argv);
