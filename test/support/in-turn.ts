import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('in-turn-program.mjs', import.meta.url));
/** Printed by the program after the output of each command. */
const END = '\0';

export interface CommandInTurn {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

let runner: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a command in a process that stays and runs such commands one after the other.
 *
 * @param timeoutMs after which the process is killed
 * @throws Error if the command has left something open that would keep its own process alive
 */
export function runInTurn(command: CommandInTurn, timeoutMs: number): Promise<CommandResult> {
  const result = last.then(() => run(command, timeoutMs));
  last = result.catch(() => undefined);
  return result;
}

async function run(command: CommandInTurn, timeoutMs: number): Promise<CommandResult> {
  if (runner === undefined || runner.exitCode !== null || runner.signalCode !== null) runner = start();
  const child = runner;
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const ended = new AbortController();
  try {
    const output = Promise.all([textOf(child.stdout), textOf(child.stderr)]);
    const answered = once(child, 'message', { signal: ended.signal });
    const exited = once(child, 'exit', { signal: ended.signal });
    for (const one of [answered, exited]) one.catch(() => undefined);
    child.send(command);
    const [answer, signal] = await Promise.race([answered, exited]);
    const [stdout, stderr] = await output;
    // A process that has ended answers nothing. It is as if the command had its own.
    if (typeof answer !== 'object' || answer === null) return { code: answer, signal, stdout, stderr };
    const { code, left } = answer as { code: number; left: readonly string[] };
    if (left.length > 0)
      throw new Error(`Expected winnow ${command.args.join(' ')} to end but it has left open: ${left.join(', ')}`);
    return { code, signal: null, stdout, stderr };
  } finally {
    ended.abort();
    clearTimeout(timer);
  }
}

/** Reads a stream up to the end of a command's output, or of the process. */
function textOf(stream: Readable | null): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const take = (chunk: string): void => {
      text += chunk;
      if (text.endsWith(END)) finish();
    };
    const finish = (): void => {
      stream?.off('data', take).off('close', finish);
      resolve(text.replace(END, ''));
    };
    stream?.on('data', take).on('close', finish);
  });
}

function start(): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM], {
    // As many threads as winnow.cjs asks for.
    env: { ...process.env, UV_THREADPOOL_SIZE: String(2 * availableParallelism() + 16) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8');
  return child;
}
