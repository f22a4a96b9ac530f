import { execFile } from 'node:child_process';
import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runProgram, type ProgramRun } from './run-program.ts';

const execute = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('filter-peers.py', import.meta.url));
const PACKAGES = ['onnxruntime', 'onnx', 'pillow', 'numpy'];
/** Gigabytes, unless pip is told of an index with builds for the processor alone. */
const TORCH_PACKAGES = ['torch', 'torchvision'];
const INSTALL_TIMEOUT_MS = 1_800_000;
const PROCESSES = 2;
/** Photos by which PyTorch's settings are compared. */
const TRIAL_PHOTOS = 2;

export interface Peers {
  readonly python: string;
  /** Why PyTorch is left out; null if it is there. */
  readonly withoutTorch: string | null;
}

/** Python in a virtual environment below the work folder, made with pip where it is missing; or why there is none. */
export async function preparePeers(
  workFolder: string,
  signal: AbortSignal,
  wantsTorch: boolean,
): Promise<Peers | { readonly why: string }> {
  const environment = path.join(workFolder, 'filter-peers');
  const python = path.join(environment, 'bin', 'python');
  const options = { timeout: INSTALL_TIMEOUT_MS, signal, maxBuffer: 64 * 2 ** 20 };
  const install = async (mark: string, packages: readonly string[]): Promise<void> => {
    const installed = path.join(environment, `${mark}-installed`);
    if (await exists(installed)) return;
    console.log(`installing ${packages.join(', ')} in ${path.basename(environment)}, once; this takes minutes`);
    await execute(python, ['-m', 'pip', 'install', '--quiet', ...packages], options);
    await writeFile(installed, packages.join('\n'));
  };
  try {
    if (!(await exists(python))) await execute('python3', ['-m', 'venv', environment], options);
    await install('onnxruntime', PACKAGES);
  } catch (error) {
    signal.throwIfAborted();
    return { why: messageOf(error) };
  }
  if (!wantsTorch) return { python, withoutTorch: '--no-torch' };
  try {
    await install('torch', TORCH_PACKAGES);
    return { python, withoutTorch: null };
  } catch (error) {
    signal.throwIfAborted();
    return { python, withoutTorch: messageOf(error) };
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 2_000);
}

export interface PeerMember {
  readonly file: string;
  readonly input: string;
  readonly output: string;
  readonly size: number;
  readonly shorterSide: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface PeerJob {
  readonly photos: readonly string[];
  /** Positions of the photos' classes in the class list, by the name of the labelling. */
  readonly truths: Readonly<Record<string, readonly number[]>>;
  /** Positions of the classes among the model's. */
  readonly mask: readonly number[];
  readonly threshold: number;
  readonly members: readonly PeerMember[];
}

/** All crops with ONNX Runtime; the same with an early exit; all crops with PyTorch and torchvision. */
export type PeerWay = 'ort-all' | 'ort-early' | 'torch';

export interface PeerRun {
  readonly program: ProgramRun;
  readonly startedAtMs: number;
  readonly elapsedSeconds: number;
  readonly crops: number;
  /** By photo and labelling: the state, and the position of the class that a kept photo is taken for. */
  readonly decisions: readonly Readonly<Record<string, readonly [state: string, confusion: number | null]>>[];
  /** Processes, threads and the like. */
  readonly layout: string;
  /** What PyTorch was best with, to be given again. */
  readonly setting: unknown;
}

export async function runPeer(
  way: PeerWay,
  job: PeerJob & { readonly settings?: readonly unknown[] },
  at: { readonly python: string; readonly folder: string; readonly signal: AbortSignal },
): Promise<PeerRun> {
  const file = path.join(at.folder, 'peer-job.json');
  await writeFile(file, JSON.stringify({ ...job, processes: PROCESSES, trial: TRIAL_PHOTOS }));
  const program = await runProgram({
    name: way,
    command: [at.python, SCRIPT, way, file],
    cwd: at.folder,
    // Libraries of linear algebra must not start threads of their own beside the processes.
    env: { PYTHONWARNINGS: 'ignore', ...(way === 'torch' ? {} : { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }) },
    signal: at.signal,
  });
  const { startedAt, ...result } = JSON.parse(program.stdout.trim().split('\n').at(-1) ?? '');
  return { program, startedAtMs: startedAt * 1_000, ...result };
}
