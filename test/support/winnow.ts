import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInTurn, type CommandResult } from './in-turn.ts';

export const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url));
const program = path.join(repositoryRoot, 'src', 'cli', 'winnow.cjs');

export type { CommandResult } from './in-turn.ts';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Gives the command a process of its own. Default: only if it is in `OWN_PROCESS` or `env` has a name of `READ_AT_START`. */
  readonly ownProcess?: boolean;
}

const TIMEOUT_MS = 240_000;
/** Commands that stay until they are ended, that ask a person, that look for other processes, or that tests start twice at once. */
const OWN_PROCESS = new Set(['demo', 'migrate', 'move', 'review', 'server']);
/** Commands that run models. One thread each is enough here, because other tests run beside them, and each thread loads all models. */
const EVALUATES = new Set(['demo', 'evaluate', 'evidence', 'filter', 'finetune', 'models', 'report', 'run', 'verify']);
/** Variables that a process reads as it starts. */
const READ_AT_START = [
  'NODE_OPTIONS',
  'NODE_EXTRA_CA_CERTS',
  'NO_COLOR',
  'FORCE_COLOR',
  'UV_THREADPOOL_SIZE',
  'PATH',
  'HOME',
  'TZ',
];

/** Databases of this file's data folders on a shared server: see `useSharedServer`. */
export interface CataloguePlaces {
  /** Makes the database of a data folder (an absolute path) if there is none. */
  make(dataDir: string): Promise<unknown>;
  /** Its URL; undefined for a folder that has a server of its own. */
  of(dataDir: string): string | undefined;
}

let places: CataloguePlaces | undefined;

export function keepCataloguesIn(given: CataloguePlaces | undefined): void {
  places = given;
}

/**
 * Runs a command to its end. One process runs most commands, one after the other, because starting the program takes longer
 * than running most of them. `startWinnow` gives every command a process of its own.
 */
export async function winnow(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const dataDir = dataDirOf(args, options);
  if (dataDir !== undefined) await places?.make(dataDir);
  const { cwd = repositoryRoot, timeoutMs = TIMEOUT_MS, ownProcess = needsOwnProcess(args, options) } = options;
  if (ownProcess) return startWinnow(args, options).result;
  return runInTurn({ args, cwd, env: environmentOf(args, options) }, timeoutMs);
}

function needsOwnProcess([command = '']: readonly string[], { env = {} }: CommandOptions): boolean {
  return OWN_PROCESS.has(command) || READ_AT_START.some((name) => name in env);
}

/** Commands that open no catalogue. */
const WITHOUT_CATALOGUE = new Set(['classes', 'collection', 'config', 'evaluate', 'finetune', 'models', 'verify']);
/** Sub-commands of these that do. */
const LOOKS_INTO_IT = new Set(['forget', 'remove']);

/** The data folder of a command: the one that it names, or `data` in its working folder if it has one of its own. */
function dataDirOf(args: readonly string[], { cwd, env }: CommandOptions): string | undefined {
  if (places === undefined || env?.['DATABASE_URL'] !== undefined) return undefined;
  if (args.some((arg) => WITHOUT_CATALOGUE.has(arg)) && !args.some((arg) => LOOKS_INTO_IT.has(arg))) return undefined;
  const at = args.lastIndexOf('--data');
  if (at !== -1) return path.resolve(cwd ?? repositoryRoot, args[at + 1] ?? '');
  return cwd === undefined ? undefined : path.join(cwd, 'data');
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly result: Promise<CommandResult>;
  /** Ends the whole process group, like a closed terminal or an out-of-memory kill. */
  killGroup(signal: NodeJS.Signals): void;
}

/** Starts a command in a process group of its own. On a shared server its data folder needs a catalogue first: `catalogueOf`. */
export function startWinnow(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  return start([program, ...args], environmentOf(args, options), options);
}

/** Starts the built program of a long-running worker, as a container image does. */
export function startWorker(name: string, args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const file = path.join(repositoryRoot, 'dist', 'workers', `${name}.mjs`);
  return start([file, ...args], environmentOf([name, ...args], options), options);
}

/** The same for another program that Node runs. */
export function startNode(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  return start(args, environmentOf(args, options), options);
}

function start(args: readonly string[], env: NodeJS.ProcessEnv, options: CommandOptions): RunningCommand {
  const child = spawn(process.execPath, args, {
    cwd: options.cwd ?? repositoryRoot,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const killGroup = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal);
  };
  const timer = setTimeout(() => killGroup('SIGKILL'), options.timeoutMs ?? TIMEOUT_MS);
  const result = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, result, killGroup };
}

function environmentOf(args: readonly string[], options: CommandOptions): NodeJS.ProcessEnv {
  const threads = EVALUATES.has(args[0] ?? '') ? { WINNOW_FILTER_THREADS: '1' } : {};
  return { ...cleanEnvironment(), ...threads, ...catalogueEnvironment(args, options), ...options.env };
}

function catalogueEnvironment(args: readonly string[], options: CommandOptions): Record<string, string> {
  const dataDir = dataDirOf(args, options);
  const url = dataDir === undefined ? undefined : places?.of(dataDir);
  return url === undefined ? {} : { DATABASE_URL: url };
}

/** The environment without settings of winnow's, so that a developer's own do not change the tests. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(WINNOW_|AWS_|DATABASE_URL$|REDIS_URL$|UV_THREADPOOL_SIZE$|NODE_OPTIONS$|VITEST)/.test(name),
    ),
  );
}

export function setFlags(settings: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
}

export function jsonLines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'winnow-test-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
