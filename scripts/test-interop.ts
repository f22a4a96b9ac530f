import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { preparePython } from './interop/python-environment.ts';

/**
 * `npm run test:interop -- [FOLDER]` runs all tests that need the Python libraries of `scripts/interop/requirements.txt`.
 * The virtual environment is made in FOLDER (`data/interop-venv`) if it is missing. If WINNOW_INTEROP_PYTHON names the Python
 * of an environment, that is used and nothing is installed.
 */
const root = fileURLToPath(new URL('../', import.meta.url));
const REQUIREMENTS = path.join(root, 'scripts', 'interop', 'requirements.txt');

async function environmentPython(folder: string): Promise<string> {
  const given = process.env['WINNOW_INTEROP_PYTHON'];
  if (given !== undefined && given !== '') return given;
  const digest = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex');
  const python = await preparePython({
    environment: path.resolve(folder),
    packages: ['--requirement', REQUIREMENTS],
    mark: `installed-${digest.slice(0, 12)}`,
    signal: AbortSignal.timeout(3_600_000),
  });
  if (typeof python === 'string') return python;
  throw new Error(`pip could not install ${REQUIREMENTS} in ${folder}: ${python.why}`);
}

const python = await environmentPython(process.argv[2] ?? path.join(root, 'data', 'interop-venv'));
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'config/tools/vitest.config.ts'];
const tests = [
  'e2e/interop',
  ...['coco', 'fetch-script', 'other-libraries', 'parquet', 'shards'].map((name) => `integration/core/export/${name}`),
  'integration/core/models/finetune-torch',
  'integration/exchange/evidence-worker',
  ...['read-logits', 'read-set'].map((name) => `integration/measure/report/${name}`),
].map((name) => `test/${name}.test.ts`);
const { status } = spawnSync(process.execPath, [...vitest, '--project', 'integration', '--project', 'rest', ...tests], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, WINNOW_INTEROP_PYTHON: python, WINNOW_TEST_PYTHON: python },
});
process.exitCode = status ?? 1;
