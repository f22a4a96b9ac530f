import { execFile } from 'node:child_process';
import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const TIMEOUT_MS = 1_800_000;

export interface PythonPackages {
  /** The folder of the virtual environment. */
  readonly environment: string;
  /** Requirements as pip takes them. */
  readonly packages: readonly string[];
  /** The file in the folder that shows that the packages are installed. */
  readonly mark: string;
  readonly signal: AbortSignal;
}

/**
 * Returns Python with some packages in its own virtual environment. If it is missing, it is created and pip installs the
 * packages.
 *
 * @returns the interpreter, or why there is none
 */
export async function preparePython({
  environment,
  packages,
  mark,
  signal,
}: PythonPackages): Promise<string | { readonly why: string }> {
  const python = path.join(environment, 'bin', 'python');
  const installed = path.join(environment, mark);
  if (await exists(installed)) return python;
  console.log(`installing ${packages.join(', ')} in ${path.basename(environment)}, once; this takes minutes`);
  const options = { timeout: TIMEOUT_MS, signal, maxBuffer: 64 * 2 ** 20 };
  try {
    if (!(await exists(python))) await execute('python3', ['-m', 'venv', environment], options);
    await execute(python, ['-m', 'pip', 'install', '--quiet', ...packages], options);
    await writeFile(installed, packages.join('\n'));
    return python;
  } catch (error) {
    signal.throwIfAborted();
    return { why: (error instanceof Error ? error.message : String(error)).slice(0, 2_000) };
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
