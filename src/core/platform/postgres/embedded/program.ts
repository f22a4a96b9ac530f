import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { messageOf } from '../../../kernel/errors.ts';

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly timeoutMs: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface ProgramEnd {
  /** Null if the program could not be started or was killed. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  /** The end of its output on both streams, or why it could not be started. */
  readonly output: string;
}

const MAX_OUTPUT_CHARS = 32_768;
/** A grandchild may hold the pipes open after the program has ended. */
const PIPE_GRACE_MS = 1_000;

/**
 * Runs a program to its end, for at most `timeoutMs`. Never rejects and never hangs. The program runs in its own session,
 * so that Ctrl-C at the terminal, which goes to the whole foreground process group, does not interrupt it: pg_ctl would
 * stop the server as well.
 */
export async function runToEnd(program: Program): Promise<ProgramEnd> {
  const { command, args, cwd, timeoutMs, ...user } = program;
  return new Promise((resolve) => {
    let output = '';
    let timedOut = false;
    let child: ChildProcess;
    try {
      const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
      child = spawn(command, args, { ...user, cwd, detached: true, windowsHide: true, stdio });
    } catch (error) {
      resolve({ exitCode: null, timedOut: false, output: messageOf(error) });
      return;
    }
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child);
    }, timeoutMs);
    const finish = (exitCode: number | null): void => {
      clearTimeout(timer);
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve({ exitCode, timedOut, output: output.trim() });
    };
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT_CHARS);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.on('error', (error) => {
      output += error.message;
      finish(null);
    });
    child.on('close', finish);
    child.on('exit', (exitCode) => setTimeout(finish, PIPE_GRACE_MS, exitCode).unref());
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch {
    // The program has ended in the meantime.
  }
}
