import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { inOutput } from '../in-output.ts';
import { catalogueOf } from '../shared-server.ts';
import { startWinnow, winnow, type CommandResult } from '../winnow.ts';
import { acceptAll } from './reader.ts';

const PROGRAM = fileURLToPath(new URL('program.mjs', import.meta.url));
/** Commands that serve pages until Ctrl-C. */
const SERVING = new Set(['quiz', 'review', 'server']);
const BLOCK_TIMEOUT_MS = 180_000;

interface Asked {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Shell {
  /** Runs a text in `sh -e`, in the folder of the reader. */
  run(script: string, options?: { readonly withWinnow?: boolean }): Promise<CommandResult>;
  /** Everything that winnow has printed. */
  readonly printed: readonly string[];
  close(): void;
}

/** A shell in which `npm run -s winnow --`, `npx winnow-images` and, if asked for, `winnow` are run by this process. */
export async function openShell(folder: string, home: string): Promise<Shell> {
  const bin = path.join(folder, '.bin');
  mkdirSync(path.join(bin, 'winnow'), { recursive: true });
  for (const name of ['npm', 'npx', 'winnow/winnow']) symlinkSync(PROGRAM, path.join(bin, name));
  const printed: string[] = [];
  const socket = path.join(bin, 'socket');
  const answer = async (asked: Asked): Promise<string> => {
    const result = await run(asked).catch((error: unknown) => ({ code: 70, stdout: '', stderr: String(error) }));
    printed.push(result.stdout);
    return JSON.stringify(result);
  };
  const server = net.createServer({ allowHalfOpen: true }, (connection) => {
    let asked = '';
    connection.setEncoding('utf8').on('data', (part: string) => (asked += part));
    connection.once('end', () => {
      void answer(JSON.parse(asked) as Asked).then((result) => connection.end(result));
    });
  });
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  const environment = (withWinnow: boolean): NodeJS.ProcessEnv => ({
    HOME: home,
    LANG: 'C.UTF-8',
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
    PATH: [bin, ...(withWinnow ? [path.join(bin, 'winnow')] : []), process.env['PATH']].join(':'),
    RECIPES_REAL_PATH: process.env['PATH'],
    RECIPES_SOCKET: socket,
  });
  return {
    printed,
    run: (script, { withWinnow = false } = {}) => inShell(script, { cwd: folder, env: environment(withWinnow) }),
    close: () => server.close(),
  };
}

/** The commands run in processes of winnow's own tests, with a port that is free. */
async function run({ args, cwd, env }: Asked): Promise<Pick<CommandResult, 'code' | 'stdout' | 'stderr'>> {
  const options = { cwd, env: { ...env, WINNOW_SERVER_PORT: '0' } };
  if (!SERVING.has(args[0] ?? '') || args[1] === 'results') return winnow(args, options);
  const flags = ['--collection', '--data'].flatMap((flag) => (args.includes(flag) ? [flag, valueOf(args, flag)] : []));
  await catalogueOf(path.resolve(cwd, valueOf(args, '--data') || 'data'));
  const started = startWinnow(args, options);
  await inOutput(started.child, /(http:\/\/\S+)/).finally(() => started.killGroup('SIGINT'));
  const result = await started.result;
  // The person who opens the page reviews.
  if (args[0] === 'review') await acceptAll(cwd, flags);
  return { ...result, code: result.code === 130 ? 0 : result.code };
}

function valueOf(args: readonly string[], flag: string): string {
  return args.includes(flag) ? (args[args.lastIndexOf(flag) + 1] ?? '') : '';
}

function inShell(
  script: string,
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<CommandResult> {
  const child = spawn('sh', ['-e', '-c', script], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), BLOCK_TIMEOUT_MS);
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  return new Promise((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      void output.then(([stdout, stderr]) => resolve({ code, signal, stdout, stderr }));
    });
  });
}
