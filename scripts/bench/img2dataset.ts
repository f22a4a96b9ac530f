import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { preparePython } from './python-environment.ts';
import { runProgram, type ProgramRun } from './run-program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Git ignores it. */
const ENVIRONMENT = path.join(ROOT, '.venv-img2dataset');
const PACKAGE = 'img2dataset==1.47.0';
const PROCESSES = 2;
const THREADS = 32;

/** The options as img2dataset's documentation names them. */
const MODES = {
  /** Writes the received bytes into the tar file. */
  bytes: { disable_all_reencoding: 'True' },
  /** OpenCV decodes every photo. A JPEG's bytes are then stored as they came. */
  'decode-check': { resize_mode: 'no', skip_reencode: 'True' },
} as const;

/**
 * Returns Python with img2dataset in its own virtual environment, which pip fills if it is missing.
 *
 * @returns the interpreter, or why there is none
 */
export async function prepareImg2dataset(signal: AbortSignal): Promise<string | { readonly why: string }> {
  return preparePython({ environment: ENVIRONMENT, packages: [PACKAGE], mark: 'installed', signal });
}

export interface Img2datasetRun {
  readonly python: string;
  readonly mode: keyof typeof MODES;
  readonly folder: string;
  readonly list: string;
  readonly photos: number;
  readonly signal: AbortSignal;
}

/**
 * Runs img2dataset with its defaults except the mode, two processes, and shards that are small enough to keep both
 * processes busy.
 */
export async function runImg2dataset(run: Img2datasetRun): Promise<ProgramRun> {
  const { python, mode, folder, list, photos, signal } = run;
  const options = {
    url_list: list,
    input_format: 'csv',
    url_col: 'url',
    output_folder: path.join(folder, 'img2dataset'),
    output_format: 'webdataset',
    processes_count: String(PROCESSES),
    thread_count: String(THREADS),
    number_sample_per_shard: String(Math.ceil(photos / (2 * PROCESSES))),
    ...MODES[mode],
  };
  const result = await runProgram({
    name: 'img2dataset',
    command: [
      python,
      '-m',
      'img2dataset.main',
      ...Object.entries(options).map(([name, value]) => `--${name}=${value}`),
    ],
    cwd: folder,
    env: { NO_ALBUMENTATIONS_UPDATE: '1', PYTHONWARNINGS: 'ignore' },
    signal,
  });
  return result;
}
