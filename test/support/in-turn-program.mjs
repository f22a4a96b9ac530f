/**
 * Runs commands one after the other, as its parent asks for them. Each has its own arguments, environment and folder, and prints to
 * the streams of this process, which the parent reads. The process ends with its parent.
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { builtProgram } from '../../src/cli/built.mjs';

/** Time limit for resources of a command to close. Any that stay open would keep its own process alive. */
const CLOSING_MS = 10_000;

// As winnow.cjs starts the program.
const built = builtProgram(path.resolve(fileURLToPath(new URL('../../', import.meta.url))));
if (built === null) (await import('tsx/esm/api')).register();
const { main } = await (built === null ? import('../../src/main.ts') : import(pathToFileURL(built).href));

/** Given by the parent, as winnow.cjs gives it to its process. Processes that a command starts also get it. */
const { UV_THREADPOOL_SIZE } = process.env;

// Each command adds listeners.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);

/** Counts by kind of the resources that keep this process alive, including the channel to its parent. */
function openThings() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Waits until nothing is left open that was not open before; otherwise returns its kinds. */
async function leftOpen(before) {
  let left = [];
  for (const endMs = performance.now() + CLOSING_MS; performance.now() < endMs; await sleep(5)) {
    left = [...openThings()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind);
    if (left.length === 0) break;
  }
  return left;
}

async function run({ args, cwd, env }) {
  const before = openThings();
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(env, name)) delete process.env[name];
  Object.assign(process.env, { UV_THREADPOOL_SIZE }, env);
  process.chdir(cwd);
  process.exitCode = 0;
  process.argv = [process.execPath, 'winnow', ...args];
  await main(process.argv);
  const code = process.exitCode;
  process.exitCode = 0;
  const left = await leftOpen(before);
  // The folder of a test is removed at its end.
  process.chdir('/');
  // The end of what the command has printed.
  for (const stream of [process.stdout, process.stderr]) stream.write('\0');
  process.send({ code, left });
}

process.on('message', (command) => void run(command));
process.on('disconnect', () => process.exit());
