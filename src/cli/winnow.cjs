#!/usr/bin/env node
// Starts the program: the result of `npm run build` (which starts in a third of the time), or the sources if they are newer.
// This file is CommonJS, because Node starts libuv's thread pool when it loads the first ES module. A size that is set later
// has no effect.
const { enableCompileCache } = require('node:module');
const { availableParallelism } = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const root = path.resolve(__dirname, '../..');
/** Node's own exit code for a program that waits for something that cannot happen any more. */
const UNFINISHED = 13;

// libuv's pool decodes photos and syncs each stored one to disk: many of its threads sleep in fsync.
process.env.UV_THREADPOOL_SIZE ??= String(2 * availableParallelism() + 16);
// Saves a tenth of a second of each start. Only who may write to the package can write to this folder.
enableCompileCache?.(process.env.NODE_COMPILE_CACHE ?? path.join(root, 'node_modules', '.cache', 'winnow'));

// The server starts commands as its children. If it is killed, a command ends as it does at Ctrl-C.
if (process.channel) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
  // The reader of the progress is gone with it.
  process.stderr.on('error', () => {});
}

let isDone = false;
process.once('exit', (code) => {
  if (isDone || code !== 0) return;
  console.error('winnow: unexpected end before the work was done; please report it.');
  process.exitCode = UNFINISHED;
});

async function start() {
  const { builtProgram } = await import('./built.mjs');
  const built = builtProgram(root);
  // `--import tsx` would only work from the package's own folder.
  if (built === null) {
    // Its cache is in a folder for temporary files that another user can make first, and it runs what it finds there.
    process.env.TSX_DISABLE_CACHE = '1';
    (await import('tsx/esm/api')).register();
  }
  const { main } = await import(built === null ? '../main.ts' : pathToFileURL(built).href);
  await main(process.argv);
  isDone = true;
}

void start();
