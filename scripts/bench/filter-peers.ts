import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { preparePython } from './python-environment.ts';
import { runProgram, type ProgramRun } from './run-program.ts';

const SCRIPT = fileURLToPath(new URL('filter-peers.py', import.meta.url));
const PACKAGES = ['onnxruntime', 'onnx', 'pillow', 'numpy'];
/** Gigabytes, unless pip uses an index with builds for the cpu only. */
const TORCH_PACKAGES = ['torch', 'torchvision'];
const PROCESSES = 2;
/** Number of photos that PyTorch's settings are compared with. */
const TRIAL_PHOTOS = 2;

export interface Peers {
  readonly python: string;
  /** Why PyTorch is left out; null if it is installed. */
  readonly withoutTorch: string | null;
}

/**
 * Returns Python in a virtual environment below the work folder, which pip fills if it is missing, or why there is none.
 */
export async function preparePeers(
  workFolder: string,
  signal: AbortSignal,
  wantsTorch: boolean,
): Promise<Peers | { readonly why: string }> {
  const environment = path.join(workFolder, 'filter-peers');
  const python = await preparePython({ environment, packages: PACKAGES, mark: 'onnxruntime-installed', signal });
  if (typeof python !== 'string') return python;
  if (!wantsTorch) return { python, withoutTorch: '--no-torch' };
  const torch = await preparePython({ environment, packages: TORCH_PACKAGES, mark: 'torch-installed', signal });
  return { python, withoutTorch: typeof torch === 'string' ? null : torch.why };
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
  /** Positions of the classes in the model's class list. */
  readonly mask: readonly number[];
  readonly threshold: number;
  readonly members: readonly PeerMember[];
}

/** ONNX Runtime with all crops; ONNX Runtime with an early exit; PyTorch and torchvision with all crops. */
export type PeerWay = 'ort-all' | 'ort-early' | 'torch';

export interface PeerRun {
  readonly program: ProgramRun;
  readonly startedAtMs: number;
  readonly elapsedSeconds: number;
  readonly crops: number;
  /** For each photo and labelling: the state, and the position of the class that a kept photo is confused with. */
  readonly decisions: readonly Readonly<Record<string, readonly [state: string, confusion: number | null]>>[];
  /** Processes, threads and so on. */
  readonly layout: string;
  /** The setting that was best for PyTorch, to be passed to the next run. */
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
    // Libraries of linear algebra must not start threads in addition to the processes.
    env: { PYTHONWARNINGS: 'ignore', ...(way === 'torch' ? {} : { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }) },
    signal: at.signal,
  });
  const { startedAt, ...result } = JSON.parse(program.stdout.trim().split('\n').at(-1) ?? '');
  return { program, startedAtMs: startedAt * 1_000, ...result };
}
