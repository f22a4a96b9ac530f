#!/usr/bin/env node
// Stands for npm and npx in recipes: commands of winnow go to the process of the test, which runs them without a start of
// the program each. Everything else goes to the real npm or npx.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';

const name = path.basename(process.argv[1]);
const args = process.argv.slice(2);

/** The arguments of winnow in `npm run -s winnow -- ARGS`, `npm run review -- ARGS` and `npx winnow-images ARGS`, or null. */
function argumentsOfWinnow() {
  if (name === 'winnow') return args;
  if (name === 'npx') return args[0] === 'winnow-images' ? args.slice(1) : null;
  if (args[0] !== 'run') return null;
  const [script, separator, ...rest] = args.slice(1).filter((arg, i) => i > 0 || arg !== '-s');
  const text = JSON.parse(readFileSync('package.json', 'utf8')).scripts[script ?? ''] ?? '';
  const [, own] = /^exec node src\/cli\/winnow\.cjs ?(.*)$/.exec(text) ?? [];
  if (own === undefined) return null;
  if (separator !== undefined && separator !== '--')
    throw new Error(`Expected -- after ${script} but received ${separator}`);
  return [...(own === '' ? [] : [own]), ...rest];
}

const given = argumentsOfWinnow();
if (given === null) {
  const real = process.env.RECIPES_REAL_PATH;
  process.exitCode = spawnSync(name, args, { stdio: 'inherit', env: { ...process.env, PATH: real } }).status ?? 1;
} else {
  const socket = net.connect(process.env.RECIPES_SOCKET, () => {
    socket.end(JSON.stringify({ args: given, cwd: process.cwd(), env: { HF_TOKEN: process.env.HF_TOKEN ?? '' } }));
  });
  let answer = '';
  socket.setEncoding('utf8').on('data', (text) => (answer += text));
  socket.on('close', () => {
    const { code, stdout, stderr } = JSON.parse(answer);
    process.stdout.write(stdout);
    process.stderr.write(stderr);
    process.exitCode = code;
  });
}
