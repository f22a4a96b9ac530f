/**
 * Runs commands one after the other, as its parent asks for them. Each has its own arguments, environment and folder; what it
 * prints and its exit code go to the parent. The process ends with its parent.
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { builtProgram } from '../../src/cli/start/built.mjs';

/** What is still written after a command has ended, such as log lines on their way, arrives within this time. */
const LATE_OUTPUT_MS = 10;

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

async function run({ args, cwd, env }) {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(env, name)) delete process.env[name];
  Object.assign(process.env, env);
  process.chdir(cwd);
  process.exitCode = 0;
  await main([process.execPath, 'winnow', ...args]);
  await sleep(LATE_OUTPUT_MS);
  // The folder of a test is removed at its end.
  process.chdir('/');
  process.send({ code: process.exitCode, signal: null, ...written });
  Object.assign(written, { stdout: '', stderr: '' });
}

process.on('message', (command) => void run(command));
process.on('disconnect', () => process.exit());
