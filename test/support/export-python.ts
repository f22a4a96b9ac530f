import { execFile } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { repositoryRoot } from './winnow.ts';

const run = promisify(execFile);

/** A Python that has the libraries of an export's users. */
export const PYTHON = process.env['WINNOW_TEST_PYTHON'] ?? 'python3';

/** Those libraries take a minute to load while the machine is busy. */
export const PYTHON_TIMEOUT_MS = 600_000;

/** The problem of this Python; empty if it can be used. */
export async function lacksModules(...modules: readonly string[]): Promise<string> {
  const finds = `from importlib.util import find_spec; exit(any(find_spec(name) is None for name in ${JSON.stringify(modules)}))`;
  return run(PYTHON, ['-c', finds]).then(
    () => '',
    () => `${PYTHON} lacks one of ${modules.join(', ')} (WINNOW_TEST_PYTHON names a Python that has them)`,
  );
}

/** Reads a form of an export with the users' libraries, by `read-forms.py`. */
export async function readWithPython<Seen>(form: 'shards' | 'coco' | 'parquet', folder: string): Promise<Seen> {
  const script = path.join(repositoryRoot, 'test/integration/core/export/read-forms.py');
  const { stdout } = await run(PYTHON, [script, form, folder], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as Seen;
}
