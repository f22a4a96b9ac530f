import { spawn } from 'node:child_process';
import { ProcessMeter, type GroupRoots, type MeterResult } from './process-meter.ts';

export interface ProgramRun {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly used: MeterResult;
  readonly stdout: string;
}

export interface Program {
  /** The name under which its processes are counted. */
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Processes that belong to the run but are not its descendants: a server that outlives its starter. */
  readonly beside?: ReadonlyMap<string, GroupRoots>;
  /** If it is aborted, the program is asked to end, and the run rejects. */
  readonly signal: AbortSignal;
}

/** Runs a program to its end and meters it. If it fails, throws with the end of its stderr. */
export async function runProgram({ name, command, cwd, env, beside, signal }: Program): Promise<ProgramRun> {
  signal.throwIfAborted();
  const [file, ...args] = command;
  const startedAtMs = Date.now();
  const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const end = (): boolean => child.kill('SIGTERM');
  signal.addEventListener('abort', end);
  const meter = new ProcessMeter(
    new Map<string, GroupRoots>([[name, () => (child.pid === undefined ? [] : [child.pid])], ...(beside ?? [])]),
  );
  try {
    const [code, endedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, exitSignal) => resolve([exitCode, exitSignal]));
    });
    signal.throwIfAborted();
    if (code !== 0)
      throw new Error(`Expected ${name} to succeed but it ended with ${endedBy ?? code}:\n${stderr.slice(-2_000)}`);
    return { startedAtMs, endedAtMs: Date.now(), used: await meter.stop(), stdout };
  } finally {
    signal.removeEventListener('abort', end);
    await meter.stop();
  }
}
