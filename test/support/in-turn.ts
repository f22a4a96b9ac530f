import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('in-turn-program.mjs', import.meta.url));

/** A command with all that it takes from its process. */
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
 * Runs a command in a process that stays and runs such commands one after the other. To start the program takes longer than most
 * commands that only look or refuse.
 */
export function runInTurn(command: CommandInTurn, timeoutMs: number): Promise<CommandResult> {
  const result = last.then(() => run(command, timeoutMs));
  last = result.catch(() => undefined);
  return result;
}

async function run(command: CommandInTurn, timeoutMs: number): Promise<CommandResult> {
  if (runner?.connected !== true) runner = start();
  const child = runner;
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const ended = new AbortController();
  const { signal } = ended;
  try {
    child.send(command);
    const [answer, code] = await Promise.race([once(child, 'message', { signal }), once(child, 'exit', { signal })]);
    if (typeof answer === 'object' && answer !== null) return answer;
    return {
      code: answer,
      signal: code,
      stdout: '',
      stderr: `The process of winnow ${command.args.join(' ')} has ended`,
    };
  } finally {
    ended.abort();
    clearTimeout(timer);
  }
}

function start(): ChildProcess {
  const child = fork(PROGRAM, {
    // As many threads as winnow.mjs asks for.
    env: { ...process.env, UV_THREADPOOL_SIZE: '22' },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  // The process that runs the tests ends without waiting for this one, which then ends, too.
  child.unref();
  child.channel?.unref();
  return child;
}
