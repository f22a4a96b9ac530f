#!/usr/bin/env node
// Registers the TypeScript loader, then starts the program: `--import tsx` would only work from the package's own folder.
import { availableParallelism } from 'node:os';

// libuv's pool decodes photos for every filter thread, and waits for the disk for every photo that is stored: most of its
// threads sleep in fsync. It is sized when first used.
process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism() + 20);

const { register } = await import('tsx/esm/api');
register();
const { main } = await import('./main.ts');
await main(process.argv);
