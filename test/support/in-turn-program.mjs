/**
 * Runs commands one after the other, as its parent asks for them. Each has its own arguments, environment and folder; what it
 * prints and its exit code go to the parent. The process ends with its parent.
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { builtProgram } from '../../src/config/built.mjs';

/** How long what a command has opened may take to close. Later, its own process would still be there. */
const CLOSING_MS = 10_000;

// As winnow.mjs starts the program.
const built = builtProgram(path.resolve(fileURLToPath(new URL('../../', import.meta.url))));
if (built === null) (await import('tsx/esm/api')).register();
const { main } = await (built === null ? import('../../src/cli/main.ts') : import(pathToFileURL(built).href));

const written = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr']) {
  const stream = process[name];
  // Each command adds a listener.
  stream.setMaxListeners(0);
  stream.write = (chunk, encoding, done) => {
    written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    const callback = typeof encoding === 'function' ? encoding : done;
    if (callback !== undefined) process.nextTick(callback);
    return true;
  };
}

/** What keeps this process alive, beside the channel to its parent. */
function openThings() {
  return process
    .getActiveResourcesInfo()
    .filter((name) => name !== 'PipeWrap')
    .toSorted();
}

/** Waits until nothing is left open that was not open before. Output that is on its way arrives until then. */
async function closed(before) {
  for (const endMs = performance.now() + CLOSING_MS; performance.now() < endMs; await sleep(5))
    if (openThings().length <= before.length) return;
  throw new Error(`Expected the command to end, but it has left ${openThings().join(', ')} open`);
}

async function run({ args, cwd, env }) {
  const before = openThings();
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(env, name)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.exitCode = 0;
  await main([process.execPath, 'winnow', ...args]);
  await sleep(5);
  await closed(before);
  // The folder of a test is removed at its end.
  process.chdir('/');
  process.send({ code: process.exitCode, signal: null, ...written });
  Object.assign(written, { stdout: '', stderr: '' });
}

process.on('message', (command) => void run(command));
process.on('disconnect', () => process.exit());
